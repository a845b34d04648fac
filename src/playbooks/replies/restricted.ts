import { tlpsOf } from '../../db/intelligence.ts'
import type { Db } from '../../db/open.ts'
import type { Finding } from '../../model/finding.ts'
import { exceeds, type Hit, strictest, type Tlp } from '../../model/intelligence.ts'
import { extract } from '../../observables/extract.ts'
import { normalOf } from '../../observables/normal.ts'
import { answersTo } from '../../triage/answers.ts'
import type { Restricted } from '../../triage/redaction/restricted.ts'

/** Observables of an answer; a longer list is a dump, and its rest is looked at when it is cut down. */
const observablesMax = 2_000
/** Shorter names ("PoS") are words of every text. */
const nameCharsMin = 4

/**
 * What of a text may not leave for its marking (TLP:RED, AMBER+STRICT, or one we cannot read): observables that only such sources know, and
 * the names of malware, actors and campaigns that only they told about this alert. What the provider wrote itself is no news to it.
 */
export async function restrictedIn(
  db: Db,
  text: string,
  from: { readonly findings: readonly Finding[]; readonly providerWrote: string; readonly upTo: Tlp },
): Promise<readonly Restricted[]> {
  const theirs = from.providerWrote.toLowerCase()
  const listed = await listedIn(db, text, from.upTo)
  return [...listed, ...namesIn(from.findings, from.upTo)].filter((one) => !theirs.includes(one.text.toLowerCase()))
}

async function listedIn(db: Db, text: string, upTo: Tlp): Promise<readonly Restricted[]> {
  const written = extract(text)
    .slice(0, observablesMax)
    .flatMap((one) => {
      const normal = normalOf(one.type, one.value)
      return normal === null ? [] : [{ ...normal, text: one.text }]
    })
  if (written.length === 0) return []
  const told = await tlpsOf(db, written)
  return written.flatMap(({ type, value, text: literal }) => {
    const hits = told.get(`${type}\n${value}`) ?? []
    const marked = markingOf(hits, upTo)
    return marked === null ? [] : [{ text: literal, ...marked }]
  })
}

/** One source that may be told makes it free: what everybody knows is not theirs alone. */
function markingOf(hits: readonly Pick<Hit, 'tlp' | 'source'>[], upTo: Tlp): Omit<Restricted, 'text'> | null {
  const [first] = hits
  if (first === undefined || !hits.every(({ tlp }) => exceeds(tlp, upTo))) return null
  const unread = hits.some(({ tlp }) => tlp === 'unread')
  const tlp = unread ? 'unread' : (strictest(hits.map((hit) => hit.tlp as Tlp | null)) ?? 'unread')
  const why =
    first.tlp === 'unread' ? `${first.source} marked it in a way we cannot read` : `TLP:${first.tlp} by ${first.source}`
  return { tlp, why }
}

function namesIn(findings: readonly Finding[], upTo: Tlp): readonly Restricted[] {
  const hits = answersTo('reputation-of-observable', findings).flatMap(({ answer }) => answer.hits ?? [])
  const byName = new Map<string, Hit[]>()
  for (const hit of hits) {
    for (const { kind, name } of hit.threats) {
      // Techniques of ATT&CK are words that everybody uses.
      if (kind !== 'technique' && name.length >= nameCharsMin) byName.set(name, [...(byName.get(name) ?? []), hit])
    }
    if (hit.says.length >= nameCharsMin) byName.set(hit.says, [...(byName.get(hit.says) ?? []), hit])
  }
  return [...byName].flatMap(([name, of]) => {
    const marked = markingOf(of, upTo)
    return marked === null ? [] : [{ text: name, ...marked }]
  })
}
