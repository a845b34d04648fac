import { TextDecoder } from 'node:util'

/**
 * Names that senders use and the WHATWG list does not know. `utf-7` is decoded by ourselves; the rest is the nearest relative that
 * the list does know.
 */
const alsoKnownAs: Readonly<Record<string, string>> = {
  ascii: 'windows-1252',
  ansi: 'windows-1252',
  cp932: 'shift_jis',
  cp936: 'gbk',
  cp949: 'euc-kr',
  cp950: 'big5',
  'iso-8859-8-i': 'iso-8859-8-i',
  'iso-2022-jp-1': 'iso-2022-jp',
  'ks_c_5601-1987': 'euc-kr',
  'unicode-1-1-utf-7': 'utf-7',
  utf7: 'utf-7',
  utf8mb4: 'utf-8',
  'utf-8-mac': 'utf-8',
  utf: 'utf-8',
}

const decoders = new Map<string, TextDecoder | null>()
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })

/** The decoder of a label, or null where nobody knows it. Labels come from outside: only known ones are kept, so the map stays small. */
function decoderOf(label: string): TextDecoder | null {
  const kept = decoders.get(label)
  if (kept !== undefined) return kept
  try {
    const decoder = new TextDecoder(label)
    decoders.set(label, decoder)
    return decoder
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

/** "UTF8*en" -> "utf8", '"iso8859-1"' -> "iso-8859-1", "cp1252" -> "windows-1252". */
function labelOf(charset: string): string {
  const plain =
    charset
      .replace(/^["'\s]+|["'\s]+$/g, '')
      .split('*')[0]
      ?.toLowerCase() ?? ''
  const iso = /^iso[-_ ]?8859[-_ ]?(\d{1,2})(-[ie])?$/.exec(plain)
  if (iso !== null) return `iso-8859-${iso[1]}${iso[2] ?? ''}`
  const codePage = /^(?:cp|ms|win|windows|x-cp)[-_]?(125\d|874)$/.exec(plain)
  if (codePage !== null) return `windows-${codePage[1]}`
  return alsoKnownAs[plain] ?? plain
}

export type Decoded = { readonly text: string; readonly warning: string | null }

/** PostgreSQL's JSON carries neither NUL nor half a surrogate pair, so no text of a Letter has them. */
export function storable(text: string): string {
  return (text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text).toWellFormed()
}

/** Bytes that say nothing of their charset: UTF-8 when they are, else windows-1252, where every byte is a character. */
function decodeUndeclared(bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return decodeWindows1252(bytes)
  }
}

// The C1 range of windows-1252; Node's own decoder has at times decoded it as ISO 8859-1 (nodejs/node 56542).
const c1 =
  '\u20AC\u0081\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\u008D\u017D\u008F\u0090\u2018\u2019\u201C\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\u009D\u017E\u0178'

function decodeWindows1252(bytes: Uint8Array): string {
  const latin1 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  return latin1.replace(/[\x80-\x9F]/g, (character) => c1[character.charCodeAt(0) - 0x80] ?? character)
}

/** RFC 2152: runs of modified base64 between "+" and "-" are UTF-16BE. */
function decodeUtf7(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('latin1')
    .replace(/\+([A-Za-z0-9+/]*)-?/g, (_, run: string) => {
      if (run === '') return '+'
      const utf16 = Buffer.from(run, 'base64')
      return utf16
        .subarray(0, utf16.length - (utf16.length % 2))
        .swap16()
        .toString('utf16le')
    })
}

/** Text of bytes in the charset they claim. Never throws: an unknown charset is read as UTF-8 or windows-1252 and said so. */
export function decodeText(bytes: Uint8Array, charset: string | null): Decoded {
  const label = charset === null ? '' : labelOf(charset)
  if (
    label === '' ||
    label === 'us-ascii' ||
    label === 'x-unknown' ||
    label === 'unknown-8bit' ||
    label === '8bit' ||
    label === 'default'
  ) {
    return { text: storable(decodeUndeclared(bytes)), warning: null }
  }
  if (label === 'utf-7') return { text: storable(decodeUtf7(bytes)), warning: null }
  if (label === 'iso-8859-1' || label === 'latin1' || label === 'windows-1252')
    return { text: storable(decodeWindows1252(bytes)), warning: null }
  const decoder = decoderOf(label)
  if (decoder === null) {
    return {
      text: storable(decodeUndeclared(bytes)),
      warning: `unknown charset "${label.slice(0, 40)}", read as UTF-8 or windows-1252`,
    }
  }
  const text = decoder.decode(bytes)
  if (decoder.encoding === 'utf-8' && text.includes('\uFFFD')) {
    return { text: storable(text), warning: 'bytes that are not UTF-8 though it says so' }
  }
  return { text: storable(text), warning: null }
}
