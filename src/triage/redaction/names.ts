import type { Asset, Person } from '../../model/context.ts'
import type { Found } from './found.ts'

/** A word of the text, with the forms a name may be listed under. */
type Word = {
  readonly start: number
  readonly end: number
  readonly forms: readonly string[]
  readonly capital: boolean
}

type Entry = Pick<Found, 'class' | 'reason' | 'confidence'> & {
  /** Only where it is written with a capital: "Koch" the person, not "koch". */
  readonly capital: boolean
}
/** `next` is null until something goes on from here: most names end where they differ, and a Map is 200 bytes. */
type Branch = { next: Map<string, Branch> | null; entry: Entry | null }

/** A name with more words than this is compared by its first ones. */
const nameWordsMax = 8
/** Between two words of one name: ". ", ", ", "\", "@", "-", but never a line of other text. */
const gapCharsMax = 3

/**
 * Surnames and given names that are everyday words, in English and German. Alone they are not marked; as part of a full
 * name they are.
 */
// biome-ignore format: a table reads better in few lines
const everydayWords = new Set([
  'will', 'mark', 'may', 'bill', 'rose', 'grant', 'frank', 'art', 'rich', 'dean', 'king', 'long', 'short', 'young', 'old', 'case',
  'page', 'price', 'field', 'day', 'north', 'south', 'east', 'west', 'good', 'best', 'hand', 'may', 'summer', 'winter', 'sommer',
  'gross', 'klein', 'lang', 'kurz', 'neu', 'alt', 'stark', 'sicher', 'recht', 'ernst', 'baum', 'berg', 'stein', 'markt', 'test', 'user',
  'admin', 'guest', 'service', 'system', 'root', 'support', 'host', 'server', 'client', 'the', 'and', 'der', 'die', 'das', 'und', 'von',
  'dr', 'prof', 'mr', 'mrs', 'ms', 'herr', 'frau', 'van', 'de', 'in', 'an', 'am', 'so', 'no', 'to', 'on', 'it', 'hr', 'ip', 'id', 'us',
])

const umlauts: Readonly<Record<string, string>> = {
  ä: 'ae',
  ö: 'oe',
  ü: 'ue',
  ß: 'ss',
  ø: 'oe',
  æ: 'ae',
  å: 'aa',
  ł: 'l',
  đ: 'd',
}

/** "Müller" is listed and written as müller, mueller or muller. */
function formsOf(word: string): string[] {
  if (isAscii(word)) return [word.toLowerCase()]
  const lower = word.normalize('NFC').toLowerCase()
  const spelled = lower.replace(/[äöüßøæåłđ]/g, (letter) => umlauts[letter] ?? letter)
  const strip = (text: string) => text.normalize('NFD').replace(/\p{M}+/gu, '')
  return [...new Set([lower, strip(spelled), strip(lower).replace(/ß/g, 'ss')])]
}

const plainWords = /[A-Za-z0-9]+/g
const anyWords = /[\p{L}\p{M}\p{N}]+/gu
const isAscii = (text: string): boolean => /^[\x00-\x7f]*$/.test(text)

function wordsOfText(text: string): Word[] {
  const words: Word[] = []
  for (const match of text.matchAll(isAscii(text) ? plainWords : anyWords)) {
    const word = match[0]
    const first = word.charAt(0)
    const capital = first !== first.toLowerCase()
    words.push({ start: match.index, end: match.index + word.length, forms: formsOf(word), capital })
  }
  return words
}

/** The forms of each word of a name. */
function formsIn(name: string): (readonly string[])[] {
  const words = name.match(isAscii(name) ? plainWords : anyWords) ?? []
  return words.slice(0, nameWordsMax).map(formsOf)
}

export type NameIndex = {
  readonly root: Branch
  /** Lower-case mail addresses of listed people: mail addresses are found by their shape (internal.ts) and looked up here. */
  readonly mails: ReadonlySet<string>
}
type Growing = NameIndex & { readonly mails: Set<string> }

/** What may not leave by name: people, accounts, hosts. Built once for a list; looking up costs the length of the text. */
export function indexNames(names: {
  readonly people: readonly Person[]
  readonly assets: readonly Asset[]
  readonly accounts: readonly string[]
  readonly hosts: readonly string[]
}): NameIndex {
  const index: Growing = { root: { next: null, entry: null }, mails: new Set() }
  for (const host of names.hosts) addHost(index, host, namedHost)
  for (const asset of names.assets) {
    for (const name of [asset.name, ...asset.aliases]) addHost(index, name, listedHost)
    for (const address of asset.addresses) add(index, formsIn(address), listedAddress)
    if (asset.owner !== null) addPersonName(index, asset.owner)
    if (asset.ownerEmail !== null) addPersonMail(index, asset.ownerEmail)
  }
  for (const account of names.accounts) addAccount(index, account, namedAccount)
  for (const person of names.people) {
    for (const account of person.accounts) addAccount(index, account, listedAccount)
    if (person.email !== null) addPersonMail(index, person.email)
    addPersonName(index, person.name)
  }
  return index
}

function add(index: Growing, words: readonly (readonly string[])[], entry: Entry): void {
  // One or two characters alone ("it", "pc") would mark half of the text; the labelled form ("user: it") still is.
  if (words.length === 0 || (words.length === 1 && (words[0]?.[0]?.length ?? 0) < 3)) return
  let branches: Branch[] = [index.root]
  for (const forms of words) {
    const next: Branch[] = []
    for (const branch of branches) for (const form of forms) next.push(growInto(branch, form))
    branches = next.length > formsMax ? next.slice(0, formsMax) : next
  }
  for (const branch of branches) {
    if (branch.entry === null || branch.entry.confidence < entry.confidence) branch.entry = entry
  }
}

function growInto(branch: Branch, form: string): Branch {
  branch.next ??= new Map()
  const known = branch.next.get(form)
  if (known !== undefined) return known
  const fresh: Branch = { next: null, entry: null }
  branch.next.set(form, fresh)
  return fresh
}

/** Three forms for each word of a long name multiply; a name of eight words with umlauts in each keeps this many of them. */
const formsMax = 27

// One object for all names of a kind: there are hundreds of thousands of them.
const listedMail = {
  class: 'person',
  reason: 'The name part of a mail address on our people list',
  confidence: 0.85,
  capital: false,
} as const
const listedName = { class: 'person', reason: 'On our people list', confidence: 0.97, capital: false } as const
const listedInitial = { ...listedName, confidence: 0.8, capital: true } as const
const listedSurname = {
  class: 'person',
  reason: 'Part of a name on our people list',
  confidence: 0.6,
  capital: true,
} as const
const listedGivenName = { ...listedSurname, confidence: 0.45 } as const
const listedAccount = {
  class: 'account',
  reason: 'An account on our people list',
  confidence: 0.9,
  capital: false,
} as const
const namedAccount = { ...listedAccount, reason: 'An account of this alert' } as const
const listedHost = { class: 'host', reason: 'On our asset list', confidence: 0.95, capital: false } as const
const namedHost = { ...listedHost, reason: 'A host of this alert' } as const
const listedAddress = {
  class: 'internal-address',
  reason: 'An address on our asset list',
  confidence: 0.95,
  capital: false,
} as const

function addHost(index: Growing, host: string, entry: Entry): void {
  if (everydayWords.has(host.toLowerCase())) return
  add(index, formsIn(host), entry)
  const [label = ''] = host.split('.')
  if (label !== host && label.length >= 4 && /\D/.test(label) && !everydayWords.has(label.toLowerCase())) {
    add(index, formsIn(label), entry)
  }
}

function addAccount(index: Growing, account: string, entry: Entry): void {
  const bare = account.slice(account.lastIndexOf('\\') + 1)
  const local = bare.includes('@') ? bare.slice(0, bare.indexOf('@')) : bare
  for (const name of new Set([account, bare, local])) {
    if (!everydayWords.has(name.toLowerCase())) add(index, formsIn(name), entry)
  }
}

function addPersonMail(index: Growing, email: string): void {
  index.mails.add(email.toLowerCase())
  const local = email.slice(0, Math.max(email.indexOf('@'), 0))
  if (local.length >= 4 && !everydayWords.has(local.toLowerCase())) add(index, formsIn(local), listedMail)
}

const titles = /^(?:dr|prof|mr|mrs|ms|herr|frau)$/

function addPersonName(index: Growing, name: string): void {
  const comma = name.indexOf(',')
  const turned = comma === -1 ? name : `${name.slice(comma + 1)} ${name.slice(0, comma)}`
  // By white space first: "Müller-Krause" is one surname of two words.
  const parts = turned
    .split(/\s+/)
    .map(formsIn)
    .filter((words) => words.length > 0 && !titles.test(words[0]?.[0] ?? ''))
  const [first] = parts
  const last = parts.at(-1)
  add(index, parts.flat(), listedName)
  if (first === undefined || last === undefined || parts.length < 2) return
  add(index, [...last, ...parts.slice(0, -1).flat()], listedName)
  if (parts.length > 2) {
    add(index, [...first, ...last], listedName)
    add(index, [...last, ...first], listedName)
  }
  const initials = (first[0] ?? []).map((form) => form.charAt(0))
  add(index, [initials, ...last], listedInitial)
  if (!isEveryday(last)) add(index, last, listedSurname)
  if (!isEveryday(first)) add(index, first, listedGivenName)
}

function isEveryday(words: readonly (readonly string[])[]): boolean {
  return words.length === 1 && everydayWords.has(words[0]?.[0] ?? '')
}

/** The longest listed name that begins at each word. Bounded by the words of the text times `nameWordsMax`. */
export function findNames(text: string, index: NameIndex): Found[] {
  const words = wordsOfText(text)
  const found: Found[] = []
  for (let first = 0; first < words.length; first++) {
    const place = longestFrom(words, first, index)
    if (place !== null) found.push(place)
  }
  return found
}

function stepInto(branches: readonly Branch[], forms: readonly string[]): Branch[] {
  const next: Branch[] = []
  for (const branch of branches) {
    for (const form of forms) {
      const to = branch.next?.get(form)
      if (to !== undefined && next.length < formsMax) next.push(to)
    }
  }
  return next
}

function longestFrom(words: readonly Word[], first: number, index: NameIndex): Found | null {
  let branches: readonly Branch[] = [index.root]
  let best: Found | null = null
  const from = words[first]
  if (from === undefined) return null
  for (let at = first; at < Math.min(first + nameWordsMax, words.length); at++) {
    const word = words[at]
    const before = words[at - 1]
    if (word === undefined) break
    if (at > first && before !== undefined && word.start - before.end > gapCharsMax) break
    branches = stepInto(branches, word.forms)
    if (branches.length === 0) break
    for (const { entry } of branches) {
      if (entry === null || (entry.capital && !from.capital)) continue
      const { capital: _, ...told } = entry
      best = { ...told, start: from.start, end: word.end }
    }
  }
  return best
}
