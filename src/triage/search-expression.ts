import { type SearchAsk, type SearchField, type SearchWord, searchFields } from '../model/search.ts'
import { refang } from '../observables/refang.ts'
import { plainOf, wordsOf } from './search-words.ts'

/** More than a person types; the rest is left out, and that is said. */
export const searchWordsMax = 20

/** Other names of fields. A digest is a word like any other: `hash` only says so. */
const aliases: Readonly<Record<string, SearchField>> = { account: 'user', hash: '' }

/** The field of that name; null where there is none. */
function fieldOf(name: string): SearchField | null {
  if (Object.hasOwn(searchFields, name)) return name as SearchField
  return Object.hasOwn(aliases, name) ? (aliases[name] ?? null) : null
}

const parts = /(-?)(?:([a-z]{2,10}):)?(?:"([^"]*)"?|(\S+))/gi

type Taken = { words: SearchWord[]; phrases: string[]; after: string | null; before: string | null; notes: string[] }

/**
 * What a person typed, taken apart: words, `field:word`, "a phrase", `-not`, `before:` and `after:` a day or a time. Nothing is an
 * error: what makes no sense as syntax is looked for as text, and what is left out is said.
 */
export function readSearch(text: string): SearchAsk {
  const taken: Taken = { words: [], phrases: [], after: null, before: null, notes: [] }
  for (const [all, minus = '', name = '', quoted, bare = ''] of refang(holdable(text)).text.matchAll(parts)) {
    const lower = name.toLowerCase()
    const said = quoted ?? bare
    const field = fieldOf(lower)
    if (lower === 'before' || lower === 'after') takeMoment(taken, lower, said)
    else if (field !== null) takeWords(taken, { field, said, phrase: quoted !== undefined, not: minus === '-' })
    // "https://..." and "C:\..." look like a field, and are a word.
    else takeWords(taken, { field: '', said: all, phrase: false, not: false })
  }
  if (taken.words.length > searchWordsMax) {
    taken.notes.push(`Only the first ${searchWordsMax} words are looked for.`)
    taken.words.splice(searchWordsMax)
  }
  return taken
}

/** What no text of the record can hold (NUL, half a sign) is a gap between words: asked for in a phrase it would be refused. */
const holdable = (text: string): string => text.replaceAll('\u0000', ' ').toWellFormed()

function takeWords(
  taken: Taken,
  part: { readonly field: SearchField; readonly said: string; readonly phrase: boolean; readonly not: boolean },
): void {
  const words = wordsOf(part.said)
  for (const word of words)
    taken.words.push({ field: part.field, word, prefix: mayGoOn(word, part.phrase), not: part.not })
  const plain = plainOf(part.said).replace(/\s+/g, ' ').trim()
  if (part.phrase && !part.not && part.field === '' && words.length > 1) taken.phrases.push(plain)
}

/** Numbers of alerts are meant as they stand; so is what was put in quotes, and a sign of a script that puts each for itself. */
function mayGoOn(word: string, phrase: boolean): boolean {
  return !phrase && !/^a-\d+$/.test(word) && !/^[\u0E00-\u0E7F\u3040-\u30FF\u3400-\u4DBF\u4E00-\u9FFF]$/.test(word)
}

function takeMoment(taken: Taken, field: 'before' | 'after', said: string): void {
  const at = momentOf(said)
  // While it is being typed it is no day yet: said, and not in the way.
  if (at === null) taken.notes.push(`"${field}:${said.slice(0, 40)}" is no day: write ${field}:2026-11-20.`)
  else taken[field] = at
}

/** A day (its beginning, UTC), a month, or a time; null for anything else. */
function momentOf(said: string): string | null {
  const shape = /^(\d{4})-(\d{2})(?:-(\d{2})(?:t(\d{2}):(\d{2})(?::(\d{2}))?z?)?)?$/i.exec(said)
  if (shape === null) return null
  const [, year = '', month = '', day = '01', hour = '00', minute = '00', second = '00'] = shape
  const at = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  // 2026-02-30 is no day, whatever Date makes of it.
  return Number.isNaN(at.getTime()) || at.getUTCDate() !== Number(day) ? null : at.toISOString()
}
