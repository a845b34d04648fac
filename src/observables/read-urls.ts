import { readUnix } from './read-paths.ts'
import type { Scanner, Word } from './scanner.ts'
import { schemeBefore, type Url, urlAt } from './urls.ts'

/** `scheme://…`, also with the backslashes that some defanging leaves. `to` is where the colon is. -1 when it is none. */
export function readUrl(scanner: Scanner, word: Word, to: number): number {
  const { text } = scanner
  const next = text.charCodeAt(to + 1)
  if ((next !== 47 && next !== 92 && next !== 32) || word.end !== to) return -1
  const slashes = next === 47 && text.charCodeAt(to + 2) === 47
  if (!slashes && !text.startsWith(':\\\\', to) && !text.startsWith(': //', to)) return -1
  const end = word.end
  if (slashes && /file$/i.test(text.slice(Math.max(word.start, end - 4), end)))
    return Math.max(to + 3, readUnix(scanner, to + 3))
  const scheme = schemeBefore(text, end)
  if (scheme === undefined || (!slashes && !/^https?$/.test(scheme.scheme))) return -1
  const authority = to + (slashes || !text.startsWith(': ', to) ? 3 : 4)
  const url = urlAt(text, scheme.scheme, scheme.start, authority)
  return url === undefined ? authority : addUrl(scanner, url)
}

/** Lists the URL, and its host beside it: triage asks about both, and most questions are about the host. */
export function addUrl(scanner: Scanner, url: Url): number {
  scanner.add('url', url.value, url.start, url.end)
  if (url.host !== undefined) scanner.add(url.host.type, url.host.value, url.host.start, url.host.end)
  return url.end
}
