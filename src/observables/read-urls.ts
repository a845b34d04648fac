import { readUnix } from './read-paths.ts'
import type { Scanner, Word } from './scanner.ts'
import { schemeBefore, type Url, urlAt } from './urls.ts'

/** `scheme://…`, also with the backslashes that some defanging leaves. `to` is where the colon is. -1 when it is none. */
export function readUrl(scanner: Scanner, word: Word, to: number): number {
  const { text } = scanner
  const next = text.charCodeAt(to + 1)
  if ((next !== 47 && next !== 92 && next !== 32) || word.end !== to) return -1
  const second = text.charCodeAt(to + 2)
  const slashes = next === 47 && second === 47
  // `http:\\evil.example` and `http: //evil.example`.
  if (!slashes && !(next === 92 && second === 92) && !(next === 32 && second === 47 && text.charCodeAt(to + 3) === 47))
    return -1
  const end = word.end
  if (slashes && isFile(text, word.start, end)) return Math.max(to + 3, readUnix(scanner, to + 3))
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

/** Whether [start, end) ends in `file`, the scheme of paths. */
function isFile(text: string, start: number, end: number): boolean {
  return (
    end - start >= 4 && (text.charCodeAt(end - 1) | 32) === 101 && text.slice(end - 4, end).toLowerCase() === 'file'
  )
}
