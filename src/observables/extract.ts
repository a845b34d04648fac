import type { Observable } from '../model/observable.ts'
import { refang } from './refang.ts'
import { Scanner } from './scanner.ts'

/**
 * Every observable in a text, sorted by where it starts; `start` and `end` are UTF-16 code units of that text. The text may
 * be anything: a mail, a report, a log, JSON, HTML turned into text. Never throws, and takes time linear in its length.
 * The host of a URL is listed beside the URL, and the address of a network beside the network when it is a host's.
 */
export function extract(text: string): Observable[] {
  const refanged = refang(text)
  const found = new Scanner(refanged).run()
  // Readers go forward, but a host is listed after its URL and an address after its network; equal ones stand side by side.
  found.sort((a, b) => a.start - b.start || b.end - a.end)
  const out: Observable[] = []
  for (const [k, { type, value, start, end }] of found.entries()) {
    const before = found[k - 1]
    if (before !== undefined && before.start === start && before.end === end && before.type === type) continue
    const from = refanged.startOf(start)
    const to = refanged.endOf(end)
    out.push({ type, value, start: from, end: to, text: text.slice(from, to) })
  }
  return out
}
