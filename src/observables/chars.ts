/** Character classes as bits, so that one pass over a word tells what it can be and, more often, what it cannot. */
export const digit = 1
export const hexLower = 2
export const hexUpper = 4
export const restLower = 8
export const restUpper = 16
export const dot = 32
export const dash = 64
export const underscore = 128
/** A letter beyond ASCII, as in internationalised names. */
export const high = 256

export const hexBits = digit | hexLower | hexUpper
export const lowerBits = hexLower | restLower
export const upperBits = hexUpper | restUpper
export const letterBits = lowerBits | upperBits
export const alnumBits = digit | letterBits

const ascii = new Uint16Array(128)
for (let c = 0; c < 128; c++) {
  if (c >= 48 && c <= 57) ascii[c] = digit
  else if (c >= 97 && c <= 102) ascii[c] = hexLower
  else if (c >= 65 && c <= 70) ascii[c] = hexUpper
  else if (c >= 103 && c <= 122) ascii[c] = restLower
  else if (c >= 71 && c <= 90) ascii[c] = restUpper
}
ascii[46] = dot
ascii[45] = dash
ascii[95] = underscore

/** The class bit of a UTF-16 code unit; 0 for what ends a word (and for NaN, the char code past the end of a text). */
export function bitOf(code: number): number {
  if (code < 128) return ascii[code] as number
  return isHighLetter(code) ? high : 0
}

/**
 * The code unit at `index`, 0 outside the text. V8 compiles a `charCodeAt` that once looked outside into a call for good;
 * where every character of a text asks, that is the dearest thing there is (a quarter of what a text of backslashes cost).
 */
export function unitAt(text: string, index: number): number {
  return index >= 0 && index < text.length ? text.charCodeAt(index) : 0
}

export function isAlnum(code: number): boolean {
  return (bitOf(code) & (alnumBits | high)) !== 0
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

export function isHex(code: number): boolean {
  return code < 128 && ((ascii[code] as number) & hexBits) !== 0
}

export function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13) || code === 0xa0
}

/**
 * Blocks that hold punctuation, symbols, arrows, box drawing and emoji end a word like a space does; every other code
 * unit above ASCII counts as a letter. Surrogates end a word: the letters beyond the first plane do not occur in names.
 */
function isHighLetter(code: number): boolean {
  if (code < 0xaa || code === 0xd7 || code === 0xf7) return false
  if (code < 0xc0) return code === 0xaa || code === 0xb5 || code === 0xba
  if (code >= 0x2000 && code <= 0x2bff) return code === 0x200c || code === 0x200d
  if (code >= 0x3000 && code <= 0x3004) return false
  if (code >= 0x3008 && code <= 0x3020) return false
  if (code >= 0xd800 && code <= 0xf8ff) return false
  if (code >= 0xfe00 && code <= 0xfe6f) return false
  if (code >= 0xff00 && code <= 0xff20) return false
  return code < 0xfff0
}

/**
 * Long texts are read in stretches of this many code units, one call each. A loop entered once for each text is compiled
 * only while it runs (on-stack replacement), and a process that had seen many kinds of texts then read prose three times
 * slower than a fresh one (37 ms per MiB against 13); a function called often keeps its speed.
 */
export const stretchLength = 4096
