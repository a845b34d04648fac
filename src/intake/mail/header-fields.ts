import { decodeText, storable } from './charset.ts'
import { decodeBase64, decodeQuotedPrintable } from './transfer-encoding.ts'

/** One header field as it came: `name` lower-case, `raw` the bytes of its value as latin1, still folded. */
export type Field = { readonly name: string; readonly raw: string }

/** Field name (printable ASCII but the colon), perhaps blanks or a fold before the colon (RFC 5322 section 4.5.8). */
const fieldStart = /^([\x21-\x39\x3b-\x7e]+)[ \t]*:/

/**
 * Fields of a header block. A line that opens no field belongs to the field above it, as mailauth reads it too: what is shown
 * and what is signed must be the same text.
 */
export function fieldsOf(block: string): { fields: Field[]; odd: boolean } {
  const fields: { name: string; raw: string[] }[] = []
  let odd = false
  for (const line of block.split(/\r\n|\n/)) {
    const start = line.charCodeAt(0) === 0x20 || line.charCodeAt(0) === 0x09 ? null : fieldStart.exec(line)
    const last = fields.at(-1)
    if (start !== null) {
      fields.push({ name: (start[1] as string).toLowerCase(), raw: [line.slice(start[0].length)] })
    } else if (last !== undefined) {
      if (line !== '' && line.charCodeAt(0) !== 0x20 && line.charCodeAt(0) !== 0x09) odd = true
      last.raw.push(line)
    } else if (line.trim() !== '') {
      odd = true
    }
  }
  return { fields: fields.map((field) => ({ name: field.name, raw: field.raw.join('\r\n') })), odd }
}

/** Last value of a field (the signed one: DKIM counts from the bottom), still encoded but unfolded; null where there is none. */
export function lastOf(fields: readonly Field[], name: string): string | null {
  const field = fields.findLast((candidate) => candidate.name === name)
  return field === undefined ? null : unfold(field.raw)
}

/** A value on one line. */
export function unfold(raw: string): string {
  return raw.replace(/[\r\n]+[ \t]*/g, ' ').trim()
}

/** Bytes of a header as text: ASCII mostly, else UTF-8 (RFC 6532), else windows-1252. */
function plainText(latin1: string): string {
  return /^[\x01-\x7f]*$/.test(latin1) ? latin1 : decodeText(Buffer.from(latin1, 'latin1'), null).text
}

type Word = { readonly charset: string; readonly encoding: string; readonly text: string; readonly end: number }

/** The encoded word (RFC 2047) that begins at `start`, or null. Looks at four question marks and no further, so a scan stays linear. */
function wordAt(value: string, start: number): Word | null {
  const charsetEnd = value.indexOf('?', start + 2)
  if (charsetEnd < 0 || charsetEnd - start > 66 || charsetEnd === start + 2) return null
  const encoding = (value[charsetEnd + 1] ?? '').toLowerCase()
  if ((encoding !== 'b' && encoding !== 'q') || value[charsetEnd + 2] !== '?') return null
  const textEnd = value.indexOf('?', charsetEnd + 3)
  if (textEnd < 0 || value[textEnd + 1] !== '=') return null
  return {
    charset: value.slice(start + 2, charsetEnd),
    encoding,
    text: value.slice(charsetEnd + 3, textEnd),
    end: textEnd + 2,
  }
}

function bytesOf(word: Word): Buffer {
  const bytes = Buffer.from(word.text, 'latin1')
  return word.encoding === 'b' ? decodeBase64(bytes) : decodeQuotedPrintable(bytes, true)
}

/**
 * A header value for people: unfolded, encoded words decoded. Neighbours of one charset are decoded together, because senders cut
 * characters in the middle; blanks between encoded words vanish (RFC 2047 section 6.2).
 */
export function decodeWords(raw: string): string {
  const value = unfold(raw)
  let out = ''
  let plainFrom = 0
  let at = value.indexOf('=?')
  while (at >= 0) {
    const first = wordAt(value, at)
    if (first === null) {
      at = value.indexOf('=?', at + 2)
      continue
    }
    out += plainText(value.slice(plainFrom, at))
    const pieces = [bytesOf(first)]
    let end = first.end
    for (;;) {
      const next = /^[ \t]*(?==\?)/.exec(value.slice(end, end + 200))
      const word = next === null ? null : wordAt(value, end + next[0].length)
      if (word === null) break
      if (word.charset.toLowerCase() !== first.charset.toLowerCase()) {
        // Another charset: it begins its own run, and the blanks before it go.
        end += (next as RegExpExecArray)[0].length
        break
      }
      pieces.push(bytesOf(word))
      end = word.end
    }
    out += decodeText(Buffer.concat(pieces), first.charset).text
    plainFrom = end
    at = value.indexOf('=?', end)
  }
  return storable((out + plainText(value.slice(plainFrom))).replace(/[\r\n]+/g, ' '))
}

export type Parameters = { readonly value: string; readonly parameters: ReadonlyMap<string, string> }

/** "type/subtype; name=value; ..." with quoted strings, comments, and continuations and charsets of RFC 2231. Value and names lower-case. */
export function parseParameters(unfolded: string): Parameters {
  const pieces = splitOutsideQuotes(unfolded)
  const value = (pieces[0] ?? '').trim().toLowerCase()
  const simple = new Map<string, string>()
  const continued = new Map<string, { index: number; encoded: boolean; text: string }[]>()
  for (const piece of pieces.slice(1, 100)) {
    const cut = piece.indexOf('=')
    if (cut < 0) continue
    const name = piece.slice(0, cut).trim().toLowerCase()
    const text = unquote(piece.slice(cut + 1).trim())
    const extended = /^([^*]+)\*(?:(\d{1,3})(\*)?)?$/.exec(name)
    if (extended === null) {
      if (!simple.has(name)) simple.set(name, text)
      continue
    }
    const base = extended[1] as string
    const list = continued.get(base) ?? []
    list.push({ index: Number(extended[2] ?? 0), encoded: extended[2] === undefined || extended[3] === '*', text })
    continued.set(base, list)
  }
  for (const [name, list] of continued) simple.set(name, joinContinued(list))
  return { value, parameters: simple }
}

function joinContinued(list: { index: number; encoded: boolean; text: string }[]): string {
  list.sort((a, b) => a.index - b.index)
  let charset: string | null = null
  const bytes = list.map((piece, place) => {
    let text = piece.text
    if (!piece.encoded) return Buffer.from(text, 'latin1')
    const prefix = place === 0 ? /^([^']*)'[^']*'/.exec(text) : null
    if (prefix !== null) {
      charset = prefix[1] as string
      text = text.slice(prefix[0].length)
    }
    return Buffer.from(
      text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
      'latin1',
    )
  })
  return decodeText(Buffer.concat(bytes), charset === '' ? null : charset).text
}

/** Splits at ";", minding quoted strings and leaving comments out. */
function splitOutsideQuotes(text: string): string[] {
  const pieces: string[] = []
  let piece = ''
  let quoted = false
  let comments = 0
  for (let i = 0; i < text.length; i++) {
    const character = text[i] as string
    if (character === '\\' && (quoted || comments > 0)) {
      if (comments === 0) piece += character + (text[i + 1] ?? '')
      i++
    } else if (comments === 0 && character === '"') {
      quoted = !quoted
      piece += character
    } else if (!quoted && character === '(') {
      comments++
    } else if (!quoted && comments > 0 && character === ')') {
      comments--
    } else if (comments === 0 && !quoted && character === ';') {
      pieces.push(piece)
      piece = ''
    } else if (comments === 0) {
      piece += character
    }
  }
  pieces.push(piece)
  return pieces
}

function unquote(text: string): string {
  if (!text.startsWith('"')) return text
  return text.slice(1, text.endsWith('"') && text.length > 1 ? -1 : undefined).replace(/\\(.)/g, '$1')
}
