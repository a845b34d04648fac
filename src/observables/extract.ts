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
  const seen = new Set<string>()
  const out: Observable[] = []
  for (const { type, value, start, end } of found) {
    const from = refanged.startOf(start)
    const to = refanged.endOf(end)
    if (to <= from) continue
    const key = `${type} ${from} ${to}`
    if (seen.has(key)) continue
    seen.add(key)
    out.push({ type, value, start: from, end: to, text: text.slice(from, to) })
  }
  return out.sort((a, b) => a.start - b.start || b.end - a.end)
}
