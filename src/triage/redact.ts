import type { Asset, Person } from '../model/context.ts'
import type { SensitiveClass, SensitiveSpan } from '../model/reply.ts'
import { type Found, weightOf, withoutOverlaps } from './redaction/found.ts'
import { findInternal, parseNetworks, refang } from './redaction/internal.ts'
import { foldCase, manyStrings, standsAlone } from './redaction/many-strings.ts'
import { findNames, indexNames, type NameIndex } from './redaction/names.ts'
import { findPersonal } from './redaction/personal.ts'
import { findRestricted, type Restricted } from './redaction/restricted.ts'
import { findSecrets } from './redaction/secrets.ts'
import { otherViews } from './redaction/views.ts'

/** What we know of ourselves, so that it can be found in a text. */
export type SensitiveContext = {
  readonly names: readonly NameIndex[]
  readonly ownNetworks: readonly string[]
  readonly ownDomains: readonly string[]
  readonly providerDomains: readonly string[]
  /** The provider's own text: what it wrote itself is said to be known to it, and reviewed all the same. */
  readonly providerWrote: string
  /** Their ticket and our reference: an answer without them is none. */
  readonly references: readonly string[]
  /** What may not leave for its marking. */
  readonly restricted?: readonly Restricted[]
}

/** Our lists, ready to be looked up; keep it for as many texts as the lists stay the same (1.8 s and 90 MB for 50,000 people on two busy cores). */
export function indexLists(lists: {
  readonly people: readonly Person[]
  readonly assets: readonly Asset[]
}): NameIndex {
  return indexNames({ ...lists, accounts: [], hosts: [] })
}

/** What is known for one alert: our lists, and the names in the alert itself. */
export function sensitiveContext(
  input: Omit<SensitiveContext, 'names'> & {
    readonly lists: NameIndex
    readonly accounts: readonly string[]
    readonly hosts: readonly string[]
  },
): SensitiveContext {
  const { lists, accounts, hosts, ...rest } = input
  return { ...rest, names: [lists, indexNames({ people: [], assets: [], accounts, hosts })] }
}

/** Classes whose words mean nothing elsewhere: "sick leave" twice is two places, not one value. */
const wordClasses: ReadonlySet<SensitiveClass> = new Set(['hr', 'health', 'picture'])

/**
 * Every place of a text that may not leave unseen, with class, reason and confidence; places never overlap, in order, all
 * unreviewed. Linear in the text and the names. Where a value was found once, all its other occurrences are places too. The text is looked
 * through as it is, and as it reads with its encodings undone (redaction/views.ts).
 */
export function findSensitive(text: string, context: SensitiveContext): SensitiveSpan[] {
  const detect = detectorsFor(context)
  const plain = detect(text)
  const found = withoutReferences(text, [...plain, ...inOtherViews(text, plain, detect)], context.references)
  const everywhere = withoutReferences(text, [...found, ...sameValues(text, found)], context.references)
  const places = withoutOverlaps(everywhere)
  const known = knownTo(context.providerWrote, text, places)
  return places.map((place, index) => ({
    id: `s${index + 1}`,
    start: place.start,
    end: place.end,
    text: text.slice(place.start, place.end),
    class: place.class,
    reason: known.has(place) ? `${place.reason}; the provider wrote it itself` : place.reason,
    confidence: known.has(place) && place.class !== 'secret' ? place.confidence / 2 : place.confidence,
    verdict: null,
    pseudonym: null,
    keepReason: null,
    ...(place.tlp === undefined ? {} : { tlp: place.tlp }),
  }))
}

function detectorsFor(context: SensitiveContext): (text: string) => Found[] {
  const isListed = (mail: string) => context.names.some((index) => index.mails.has(mail))
  const networks = parseNetworks(context.ownNetworks)
  return (text) => [
    ...context.names.flatMap((index) => findNames(text, index)),
    ...findInternal(text, context, networks, isListed),
    ...findSecrets(text),
    ...findPersonal(text),
    ...findRestricted(text, context.restricted ?? []),
  ]
}

/** What shows only when the text is read in another way: places of the text itself, from the first sign to the last. */
function inOtherViews(text: string, plain: readonly Found[], detect: (text: string) => Found[]): Found[] {
  const known = new Set(plain.map(({ start, end }) => `${start}-${end}`))
  return otherViews(text).flatMap((view) =>
    detect(view.text).flatMap((place) => {
      if (view.joins !== null && !crosses(view.joins, place)) return []
      const [start, end] = [view.starts[place.start] ?? 0, view.ends[place.end - 1] ?? 0]
      // One that reads the same here may still be news: what stands before it hid it ("%20" before a name ends in a digit).
      if (known.has(`${start}-${end}`)) return []
      return [{ ...place, start, end, reason: `${place.reason}, ${view.how}` }]
    }),
  )
}

/** The longest label of a secret with what stands behind it ("Passwort lautet: "): it may be broken, and what it names not. */
const labelCharsMax = 30

function crosses(joins: ReadonlySet<number>, place: Found): boolean {
  for (let at = place.start - labelCharsMax; at < place.end; at++) if (joins.has(at)) return true
  return false
}

/** Leaves out what lies inside a reference of the exchange (their ticket, our number). */
function withoutReferences(text: string, found: readonly Found[], references: readonly string[]): Found[] {
  const hits = manyStrings(references)(text).filter((hit) => standsAlone(text, hit.start, hit.end))
  if (hits.length === 0) return [...found]
  const inside = new Set(hits.flatMap((hit) => Array.from({ length: hit.end - hit.start }, (_, i) => hit.start + i)))
  return found.filter((place) => {
    for (let at = place.start; at < place.end; at++) if (!inside.has(at)) return true
    return false
  })
}

function sameValues(text: string, found: readonly Found[]): Found[] {
  const byValue = new Map<string, Found>()
  for (const place of found) {
    const value = foldCase(text.slice(place.start, place.end))
    const before = byValue.get(value)
    const heavier = before === undefined || weightOf(place.class) > weightOf(before.class)
    if (heavier && !wordClasses.has(place.class)) byValue.set(value, place)
  }
  const firsts = [...byValue.values()]
  const hits = manyStrings([...byValue.keys()])(text)
  return hits.flatMap((hit) => {
    const first = firsts[hit.which]
    if (first === undefined || (first.start === hit.start && first.end === hit.end)) return []
    if (first.class !== 'secret' && !standsAlone(text, hit.start, hit.end)) return []
    return [{ ...first, start: hit.start, end: hit.end }]
  })
}

function knownTo(providerWrote: string, text: string, places: readonly Found[]): Set<Found> {
  const values = places.map((place) => text.slice(place.start, place.end))
  const hits = manyStrings(values)(providerWrote)
  const alone = hits.filter((hit) => standsAlone(providerWrote, hit.start, hit.end))
  const known = new Set(alone.map((hit) => foldCase(values[hit.which] ?? '')))
  return new Set(places.filter((_place, index) => known.has(foldCase(values[index] ?? ''))))
}

export function placeholderFor(kind: SensitiveClass): string {
  return `[redacted: ${kind.replaceAll('-', ' ')}]`
}

/** The same value written in another way (case, defanged, other white space) is the same value. */
export function valueKey(text: string): string {
  return foldCase(refang(text)).replace(/\s+/g, ' ').trim()
}

/** What stands for each value that does not leave: a placeholder or a pseudonym, by the value as it was written. */
type Covered = { readonly value: string; readonly by: string; readonly anywhere: boolean }

/**
 * The verdicts of a review by value: where one occurrence was redacted no other may stay, and a secret never stays. The
 * order of preference is redact, pseudonym, keep.
 */
function coversOf(spans: readonly SensitiveSpan[]): {
  readonly of: (span: SensitiveSpan) => string | null
  readonly all: Covered[]
} {
  const byKey = new Map<string, { by: string; redacted: boolean }>()
  for (const span of spans) {
    const key = valueKey(span.text)
    const mustRedact = span.verdict === 'redact' || (span.class === 'secret' && span.verdict !== null)
    const redacted = mustRedact || (span.verdict === 'pseudonym' && span.pseudonym === null)
    if (redacted && byKey.get(key)?.redacted !== true) byKey.set(key, { by: placeholderFor(span.class), redacted })
    if (!redacted && span.verdict === 'pseudonym' && !byKey.has(key))
      byKey.set(key, { by: span.pseudonym ?? '', redacted })
  }
  const all = spans.flatMap((span) => {
    const cover = byKey.get(valueKey(span.text))
    if (cover === undefined || wordClasses.has(span.class)) return []
    const anywhere = span.class === 'secret'
    return [...new Set([span.text, refang(span.text)])].map((value) => ({ value, by: cover.by, anywhere }))
  })
  const of = (span: SensitiveSpan) => byKey.get(valueKey(span.text))?.by ?? null
  return { of, all }
}

export type Reviewed = { readonly text: string; readonly leftUnreviewed: number }

/**
 * The text as it may leave: redacted places become "[redacted: person]", pseudonyms stand for the others, kept ones stay.
 * A value that was redacted occurs nowhere in the result, also where nobody marked it. Unreviewed places stay as they are
 * and are counted: nothing may be released while there are any.
 */
export function applyReview(text: string, spans: readonly SensitiveSpan[]): Reviewed {
  const covers = coversOf(spans)
  const leaves = leaveOut(covers.all)
  const pieces: string[] = []
  let open = ''
  let at = 0
  for (const span of [...spans].sort((a, b) => a.start - b.start)) {
    open += text.slice(at, span.start)
    const by = covers.of(span)
    if (by === null) open += text.slice(span.start, span.end)
    else {
      pieces.push(leaves(open), by)
      open = ''
    }
    at = span.end
  }
  pieces.push(leaves(open + text.slice(at)))
  return { text: pieces.join(''), leftUnreviewed: spans.filter((span) => span.verdict === null).length }
}

/** Two replacements side by side can set free a third value; more rounds than this do not happen with real ones. */
const roundsMax = 4

function leaveOut(covered: readonly Covered[]): (text: string) => string {
  if (covered.length === 0) return (text) => text
  const search = manyStrings(covered.map((one) => one.value))
  const once = (text: string): string => {
    const hits = search(text)
      .filter((hit) => covered[hit.which]?.anywhere === true || standsAlone(text, hit.start, hit.end))
      .sort((a, b) => a.start - b.start || b.end - a.end)
    let result = ''
    let at = 0
    for (const hit of hits) {
      if (hit.start >= at) result += text.slice(at, hit.start) + (covered[hit.which]?.by ?? '')
      at = Math.max(at, hit.end)
    }
    return result + text.slice(at)
  }
  return (text) => {
    let before = text
    for (let round = 0; round < roundsMax; round++) {
      const after = once(before)
      if (after === before) break
      before = after
    }
    return before
  }
}

/** A text with every value that a review covered anywhere covered in it too. */
export function coverValues(text: string, reviewed: readonly SensitiveSpan[]): string {
  return leaveOut(coversOf(reviewed).all)(text)
}

/**
 * A short text that no person reviews by itself (a subject, a value of the machine-readable part): what the review of the
 * answer kept stays, what it replaced is replaced, and whatever else is sensitive is redacted.
 */
export function releaseLine(text: string, context: SensitiveContext, reviewed: readonly SensitiveSpan[]): string {
  const kept = new Set(
    reviewed.filter((span) => span.verdict === 'keep' && span.class !== 'secret').map((span) => valueKey(span.text)),
  )
  const replaced = new Map(
    reviewed.filter((span) => span.verdict === 'pseudonym').map((span) => [valueKey(span.text), span]),
  )
  const own = findSensitive(text, context).map((span): SensitiveSpan => {
    const key = valueKey(span.text)
    if (kept.has(key)) return { ...span, verdict: 'keep', keepReason: 'Kept in the answer' }
    const pseudonym = replaced.get(key)?.pseudonym ?? null
    return pseudonym === null ? { ...span, verdict: 'redact' } : { ...span, verdict: 'pseudonym', pseudonym }
  })
  const line = applyReview(text, own).text
  return leaveOut(coversOf(reviewed).all)(line)
}
