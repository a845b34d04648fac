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
type Branch = { readonly next: Map<string, Branch>; entry: Entry | null }

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
  const lower = word.normalize('NFC').toLowerCase()
  if (/^[\x20-\x7e]*$/.test(lower)) return [lower]
  const spelled = lower.replace(/[äöüßøæåłđ]/g, (letter) => umlauts[letter] ?? letter)
  const strip = (text: string) => text.normalize('NFD').replace(/\p{M}+/gu, '')
  return [...new Set([lower, strip(spelled), strip(lower).replace(/ß/g, 'ss')])]
}

function wordsOfText(text: string): Word[] {
  const words: Word[] = []
  for (const match of text.matchAll(/[\p{L}\p{M}\p{N}]+/gu)) {
    const word = match[0]
    const first = word.charAt(0)
    const capital = first !== first.toLowerCase()
    words.push({ start: match.index, end: match.index + word.length, forms: formsOf(word), capital })
  }
  return words
}

export type NameIndex = { readonly root: Branch }

/** What may not leave by name: people, accounts, hosts. Built once for a list; looking up costs the length of the text. */
export function indexNames(names: {
  readonly people: readonly Person[]
  readonly assets: readonly Asset[]
  readonly accounts: readonly string[]
  readonly hosts: readonly string[]
}): NameIndex {
  const index: NameIndex = { root: { next: new Map(), entry: null } }
  for (const host of names.hosts) addHost(index, host, 'A host of this alert')
  for (const asset of names.assets) {
    for (const name of [asset.name, ...asset.aliases]) addHost(index, name, 'On our asset list')
    for (const address of asset.addresses) {
      add(index, address, {
        class: 'internal-address',
        reason: `An address of ${asset.name}`,
        confidence: 0.95,
        capital: false,
      })
    }
    if (asset.owner !== null) addPersonName(index, asset.owner)
    if (asset.ownerEmail !== null) addPersonMail(index, asset.ownerEmail)
  }
  for (const account of names.accounts) addAccount(index, account, 'An account of this alert')
  for (const person of names.people) {
    for (const account of person.accounts) addAccount(index, account, 'An account on our people list')
    if (person.email !== null) addPersonMail(index, person.email)
    addPersonName(index, person.name)
  }
  return index
}

function add(index: NameIndex, name: string, entry: Entry): void {
  const words = wordsOfText(name).slice(0, nameWordsMax)
  const alone = words.length === 1 ? words[0] : undefined
  // One or two characters alone ("it", "pc") would mark half of the text; the labelled form ("user: it") still is.
  if (words.length === 0 || (alone !== undefined && alone.end - alone.start < 3)) return
  let branches = [index.root]
  for (const word of words) {
    branches = branches
      .flatMap((branch) =>
        word.forms.map((form) => {
          const known = branch.next.get(form)
          if (known !== undefined) return known
          const fresh: Branch = { next: new Map(), entry: null }
          branch.next.set(form, fresh)
          return fresh
        }),
      )
      .slice(0, formsMax)
  }
  for (const branch of branches) {
    if (branch.entry === null || branch.entry.confidence < entry.confidence) branch.entry = entry
  }
}

/** Three forms for each word of a long name multiply; a name of eight words with umlauts in each keeps this many of them. */
const formsMax = 27

function addHost(index: NameIndex, host: string, reason: string): void {
  if (everydayWords.has(host.toLowerCase())) return
  add(index, host, { class: 'host', reason, confidence: 0.95, capital: false })
  const [label = ''] = host.split('.')
  if (label !== host && label.length >= 4 && /\D/.test(label) && !everydayWords.has(label.toLowerCase())) {
    add(index, label, { class: 'host', reason, confidence: 0.85, capital: false })
  }
}

function addAccount(index: NameIndex, account: string, reason: string): void {
  const bare = account.slice(account.lastIndexOf('\\') + 1)
  const local = bare.includes('@') ? bare.slice(0, bare.indexOf('@')) : bare
  for (const name of new Set([account, bare, local])) {
    const everyday = everydayWords.has(name.toLowerCase())
    if (!everyday) add(index, name, { class: 'account', reason, confidence: 0.9, capital: false })
  }
}

function addPersonMail(index: NameIndex, email: string): void {
  add(index, email, { class: 'person', reason: 'A mail address on our people list', confidence: 0.98, capital: false })
  const local = email.slice(0, Math.max(email.indexOf('@'), 0))
  if (local.length >= 4 && !everydayWords.has(local.toLowerCase())) {
    add(index, local, {
      class: 'person',
      reason: 'The name part of a mail address on our people list',
      confidence: 0.85,
      capital: false,
    })
  }
}

function addPersonName(index: NameIndex, name: string): void {
  const reason = 'On our people list'
  const turned = name.includes(',') ? name.split(',').reverse().join(' ').trim() : name
  const words = turned.split(/\s+/).filter((word) => !/^(dr|prof|mr|mrs|ms|herr|frau)\.?$/i.test(word))
  const [first = ''] = words
  const last = words.at(-1) ?? ''
  const full = { class: 'person', reason, confidence: 0.97, capital: false } as const
  add(index, words.join(' '), full)
  if (words.length < 2) return
  add(index, `${last} ${words.slice(0, -1).join(' ')}`, full)
  add(index, `${first} ${last}`, full)
  add(index, `${last} ${first}`, full)
  if (first.length > 1) add(index, `${first.charAt(0)} ${last}`, { ...full, confidence: 0.8, capital: true })
  const part = { class: 'person', reason: 'Part of a name on our people list', capital: true } as const
  if (!everydayWords.has(last.toLowerCase())) add(index, last, { ...part, confidence: 0.6 })
  if (first.length >= 3 && !everydayWords.has(first.toLowerCase())) add(index, first, { ...part, confidence: 0.45 })
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
    branches = branches
      .flatMap((branch) => word.forms.flatMap((form) => branch.next.get(form) ?? []))
      .slice(0, formsMax)
    if (branches.length === 0) break
    for (const { entry } of branches) {
      if (entry === null || (entry.capital && !from.capital)) continue
      const { capital: _, ...told } = entry
      best = { ...told, start: from.start, end: word.end }
    }
  }
  return best
}
