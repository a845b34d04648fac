import { refang } from '../observables/refang.ts'

/** A longer word is cut, here and in the index: SHA-512 has 128 characters. */
export const wordCharsMax = 128

/** Scripts that put no spaces between words: each sign is a word (Thai, kana, Han). */
const unspaced = /[\u0E00-\u0E7F\u3040-\u30FF\u3400-\u4DBF\u4E00-\u9FFF]/g
/** The soft hyphen, signs without width, and those that turn the direction of writing. */
const invisible = /[\u00AD\u200B-\u200F\u202A-\u202E\u2060\u2066-\u2069\uFEFF]/g
/** Accents of Latin, Greek and Cyrillic, points of Hebrew, vowel signs of Arabic: written by some, left out by others. */
const marks = /[\u0300-\u036F\u0483-\u0487\u0591-\u05BD\u064B-\u065F\u0670]/g

/** Of Arabic and Persian: their last four bits are what they stand for. */
const arabicDigits = /[\u0660-\u0669\u06F0-\u06F9]/g

/** Text in the form in which it is compared; `search_plain` of the database (0017-search.sql) says the same. */
export function plainOf(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll('\u03C2', '\u03C3')
    .replace(arabicDigits, (digit) => String((digit.codePointAt(0) ?? 0) & 15))
    .replace(/[[\]]/g, '')
    .replace(invisible, '')
    .replace(marks, '')
    .replaceAll('hxxp', 'http')
}

/**
 * The words a person typed, whole as they stand: "ws-17.example.org" is one, an address is one. What was defanged by any of the ways that
 * are in use is undone first. The index has the same words, and the pieces of each.
 */
export function wordsOf(text: string): string[] {
  return plainOf(refang(text).text)
    .replace(unspaced, ' $& ')
    .split(/[^\p{Alphabetic}0-9.@:/\\_-]+/u)
    .map((word) => [...word.replace(/^[.\-_@:/\\]+|[.\-_@:/\\]+$/g, '')].slice(0, wordCharsMax).join(''))
    .filter((word) => word !== '')
}
