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
  const scanner = new Scanner(refanged)
  const found = scanner.run()
  // Readers go forward, but a host is listed after its URL and an address after its network; equal ones stand side by side.
  if (!scanner.ordered) found.sort((a, b) => a.start - b.start || b.end - a.end)
  // The scanner's objects become the result, in their own array: a text of nothing but paths has a hundred thousand.
  let kept = 0
  let typeBefore = ''
  let startBefore = -1
  let endBefore = -1
  for (const one of found) {
    const type = one.type
    const start = one.start
    const end = one.end
    if (startBefore === start && endBefore === end && typeBefore === type) continue
    typeBefore = type
    startBefore = start
    endBefore = end
    one.start = refanged.startOf(start)
    one.end = refanged.endOf(end)
    // Most stand in the original as they were read, and need no second string.
    const same = one.text.length === one.end - one.start && text.startsWith(one.text, one.start)
    if (!same) one.text = text.slice(one.start, one.end)
    found[kept++] = one
  }
  found.length = kept
  return found
}

/** Of what `extract` found, what was meant: the host of a URL stands beside the URL, the address of a network beside the network, and the outermost comes first. */
export function outermost(found: readonly Observable[]): readonly Observable[] {
  let end = 0
  return found.filter((one) => {
    const isOuter = one.end > end
    end = Math.max(end, one.end)
    return isOuter
  })
}
