import { findSecrets } from '../triage/redaction/secrets.ts'

const hidden = '[secret hidden]'
/** Names of fields that hold a secret whatever it looks like. */
const secretName = /pass(?:word|wd|phrase)|secret|token|api.?key|private.?key|credential|authorization|cookie/i
/** A journal is a few levels deep; what lies deeper is no answer of ours. */
const depthMax = 20

/** The same value with every secret in its texts hidden: journals hold what others wrote, and their page is read over shoulders. */
export function redacted(value: unknown, depth = 0): unknown {
  if (depth > depthMax) return hidden
  if (typeof value === 'string') return withoutSecrets(value)
  if (Array.isArray(value)) return value.map((one) => redacted(one, depth + 1))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      name,
      secretName.test(name) && typeof one === 'string' && one !== '' ? hidden : redacted(one, depth + 1),
    ]),
  )
}

function withoutSecrets(text: string): string {
  let shown = ''
  let from = 0
  for (const { start, end } of findSecrets(text).toSorted((a, b) => a.start - b.start)) {
    if (start < from) continue
    shown += text.slice(from, start) + hidden
    from = end
  }
  return shown + text.slice(from)
}
