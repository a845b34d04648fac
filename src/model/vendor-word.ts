import { ageDays, staleAfterDays } from './context.ts'
import type { VexStatement, VexStatus } from './vulnerability.ts'

/** What is known of a machine's software, to hold a vendor's statement against. */
export type SoftwareOf = {
  /** As the asset list has it: CPE names, package URLs, names with a version. */
  readonly software: readonly string[]
  /** When the list said so last (ISO 8601); null: it says nothing of software. */
  readonly asOf: string | null
  /** Was the scanned machine found in the asset list by its name, as one asset? An address may have moved on. */
  readonly isCertain: boolean
}

/** A vendor's statement about one product and one CVE, with what says how far it can be relied on. */
export type Statement = VexStatement & {
  readonly publisher: string
  /** CSAF's category of the publisher; only "vendor" speaks of its own products. null: not read yet. */
  readonly publisherCategory: string | null
  /** "final", "interim" or "draft". */
  readonly documentStatus: string | null
  readonly document: string
  readonly releasedAt: string
}

/** What a vendor's statements come to for one CVE on one machine. */
export type VendorWord = {
  readonly status: VexStatus
  /** It counts: it is certain that it speaks of this software on this machine. Otherwise it may apply, and changes nothing. */
  readonly applies: boolean
  /** Why it counts, or what is not certain; whole sentences. */
  readonly because: string
  readonly publisher: string
  readonly document: string
  readonly product: string
  readonly releasedAt: string
  readonly justification: string | null
  readonly detail: string
}

/** Statements that are compared for one CVE. A distribution's largest has some thousand; of more nobody can say that all were looked at. */
export const statementsComparedMax = 20_000

/** The rule by which a scanner and a vendor that contradict each other are settled; shown wherever it was applied. */
export const vendorRule =
  'Our own word counts first, then a vendor’s final statement about exactly the software and version that the asset list names on this machine, then the scanner.'

type Product = { readonly kind: 'cpe' | 'purl' | 'name'; readonly family: string; readonly version: string | null }
type Match = { readonly item: string; readonly statement: Statement; readonly exact: boolean }

const caution: readonly VexStatus[] = ['affected', 'under-investigation', 'fixed', 'not-affected']

/**
 * What vendors say of this CVE on this machine; null: no statement is about anything that the asset list names on it. `title`: of the scanner's
 * check, where a scanner found it; it has to name the product, else the weakness may be in another one. Pure.
 */
export function vendorWord(
  machine: SoftwareOf,
  statements: readonly Statement[],
  { title, now }: { readonly title: string | null; readonly now: Date },
): VendorWord | null {
  const matches = machine.software.flatMap((item) => matchesOf(item, statements))
  const weighed = newestOfEach(matches)
  // Between publishers, and between several products of one machine, the more cautious word counts.
  const chosen = weighed.toSorted(
    (a, b) =>
      caution.indexOf(a.statement.status) - caution.indexOf(b.statement.status) || Number(b.exact) - Number(a.exact),
  )[0]
  if (chosen === undefined) return null
  const { statement } = chosen
  const doubt = doubtOf(chosen, { machine, statements, weighed, title, now })
  const word = {
    status: statement.status,
    publisher: statement.publisher,
    document: statement.document,
    product: statement.product,
    releasedAt: statement.releasedAt,
    justification: statement.justification,
    detail: statement.detail,
  }
  if (doubt !== null) return { ...word, applies: false, because: `It may apply: ${doubt}.` }
  return { ...word, applies: true, because: `The asset list names ${chosen.item} on this machine. ${vendorRule}` }
}

/** Does this word take a finding off the deadlines? */
export function clears(word: VendorWord | null): boolean {
  return word?.applies === true && (word.status === 'not-affected' || word.status === 'fixed')
}

/** The word that stands for a finding of several CVEs: it is cleared only where each of them is. */
export function wordOfAll(words: readonly (VendorWord | null)[]): VendorWord | null {
  const [first = null] = words
  if (words.every((word) => clears(word))) return first
  const said = words.find((word) => word !== null && !clears(word))
  if (said !== undefined) return said
  const one = words.find((word) => word !== null) ?? null
  return one === null
    ? null
    : { ...one, applies: false, because: 'It may apply: the check names other CVEs, of which the vendor says nothing.' }
}

type Weighing = {
  readonly machine: SoftwareOf
  readonly statements: readonly Statement[]
  readonly weighed: readonly Match[]
  readonly title: string | null
  readonly now: Date
}

/** What is not certain; null: nothing. */
function doubtOf(chosen: Match, { machine, statements, weighed, title, now }: Weighing): string | null {
  const { statement, exact } = chosen
  if (statements.length > statementsComparedMax)
    return 'there are too many statements about this CVE to compare them all'
  if (!exact) return `the asset list has ${chosen.item}, and the version or product cannot be compared for certain`
  if (!machine.isCertain) return 'the scanned machine was not found in the asset list by its name, as one asset'
  const days = ageDays(machine.asOf, now)
  if (days === null || days > staleAfterDays)
    return `the list of its software is ${days === null ? 'of no known age' : `${days} days old`}`
  if (statement.publisherCategory !== 'vendor')
    return `${statement.publisher} does not say that it is the vendor${statement.publisherCategory === null ? ' (import the document again)' : ''}`
  if (statement.documentStatus !== 'final')
    return `the document is ${statement.documentStatus ?? 'of no known state'}, not final`
  if (Date.parse(statement.releasedAt) > now.getTime()) return 'the document is dated in the future'
  if (statement.status === 'not-affected' && statement.justification === null && statement.detail === '')
    return 'the vendor gives no reason'
  if (statement.status === 'affected' || statement.status === 'under-investigation') return null
  const other = otherVersion(machine.software, weighed)
  if (other !== null) return `${other} is on the machine too, and the vendor clears only ${chosen.item}`
  if (title !== null && !isNamedIn(title, chosen.item))
    return `the scanner's check does not name ${chosen.item}: the weakness may be in something else`
  return null
}

/** Another version of a cleared product, of which nobody says that it is fine. */
function otherVersion(software: readonly string[], weighed: readonly Match[]): string | null {
  const cleared = new Set(
    weighed
      .filter(({ exact, statement }) => exact && (statement.status === 'not-affected' || statement.status === 'fixed'))
      .map(({ item }) => item),
  )
  const families = new Set([...cleared].map((item) => productOf(item).family))
  return software.find((item) => !cleared.has(item) && families.has(productOf(item).family)) ?? null
}

/** Of each publisher and item: what is said of exactly this version before what is said of a range, then the newest document. */
function newestOfEach(matches: readonly Match[]): readonly Match[] {
  const groups = Map.groupBy(matches, ({ item, statement }) => `${item}\n${statement.publisher}`)
  return [...groups.values()].flatMap((all) => {
    const exact = all.filter((match) => match.exact)
    const counted = exact.length > 0 ? exact : all
    const newest = counted
      .map(({ statement }) => statement.releasedAt)
      .toSorted()
      .at(-1)
    return counted.filter(({ statement }) => statement.releasedAt === newest)
  })
}

function matchesOf(item: string, statements: readonly Statement[]): Match[] {
  const ours = productOf(item)
  return statements.flatMap((statement): Match[] => {
    const theirs = [statement.cpe, statement.purl, statement.product].flatMap((said) =>
      said === null ? [] : [productOf(said)],
    )
    const same = theirs.filter(({ kind, family }) => kind === ours.kind && family === ours.family)
    if (same.length === 0) {
      const near = theirs.some(
        (one) => isNear(ours, one) && (one.version === null || ours.version === null || one.version === ours.version),
      )
      return near ? [{ item, statement, exact: false }] : []
    }
    if (same.some(({ version }) => version !== null && version === ours.version))
      return [{ item, statement, exact: true }]
    return same.some(({ version }) => version === null || ours.version === null)
      ? [{ item, statement, exact: false }]
      : []
  })
}

/** The same product told in two ways (a CPE name here, words there): every word of the shorter stands in the longer. */
function isNear(a: Product, b: Product): boolean {
  if (a.kind === b.kind) return false
  const [short = [], long = []] = [wordsOf(a.family), wordsOf(b.family)].toSorted((x, y) => x.length - y.length)
  return short.length > 0 && short.every((word) => long.includes(word))
}

/** CPE 2.3 and 2.2 (NISTIR 7695), package URL (ECMA-427), or a name that ends in its version. */
function productOf(text: string): Product {
  const said = text.trim().toLowerCase()
  if (said.startsWith('cpe:')) return cpeOf(said)
  if (said.startsWith('pkg:')) return purlOf(said)
  const { name = said, version = null } =
    /^(?<name>.*\S)[\s:_-]+v?(?<version>\d[\w.+~-]*)$/u.exec(said)?.groups ??
    /^(?<name>.*\S)\s+(?:[<>=].*|all versions)$/u.exec(said)?.groups ??
    {}
  return { kind: 'name', family: name.replaceAll(/\s+/gu, ' '), version: version ?? null }
}

function cpeOf(said: string): Product {
  const is23 = said.startsWith('cpe:2.3:')
  // A colon in a value is written "\:" in 2.3, and "%3a" in 2.2.
  const parts = (is23 ? said.slice(8) : said.replace(/^cpe:\/?/u, ''))
    .split(/(?<!\\):/u)
    .map((part) => part.replaceAll('\\', ''))
  const [part = '', vendor = '', product = '', version = '', update = ''] = parts
  const isSaid = (value: string): boolean => value !== '' && value !== '*' && value !== '-'
  return {
    kind: 'cpe',
    family: `${part}:${vendor}:${product}`,
    version: isSaid(version) && !/[*?]/u.test(version) ? `${version}${isSaid(update) ? ` ${update}` : ''}` : null,
  }
}

function purlOf(said: string): Product {
  const [bare = ''] = said.slice(4).split('#')
  const [named = '', qualifiers = ''] = bare.split('?')
  const at = named.lastIndexOf('@')
  // Qualifiers tell builds apart (distribution, architecture): another build is another product.
  const family = `${at > 0 ? named.slice(0, at) : named}?${qualifiers.split('&').toSorted().join('&')}`
  return { kind: 'purl', family, version: at > 0 ? named.slice(at + 1) : null }
}

function wordsOf(family: string): string[] {
  return family
    .replace(/^[aoh]:/u, '')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word.length > 1)
}

/** Does a check's title name this product? Of a CPE name the product's words, of a package its name, of a name all of its words. */
function isNamedIn(title: string, item: string): boolean {
  const { kind, family } = productOf(item)
  const name =
    kind === 'cpe' ? family.split(':')[2] : kind === 'purl' ? family.split('?')[0]?.split('/').at(-1) : family
  const wanted = wordsOf(name ?? '')
  const said = wordsOf(title.toLowerCase())
  return wanted.length > 0 && wanted.every((word) => said.includes(word))
}
