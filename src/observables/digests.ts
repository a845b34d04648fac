import type { ObservableType } from '../model/observable.ts'

/** What a digest is called, right before it or as the head of its column. */
const named: readonly [RegExp, ObservableType | 'opaque'][] = [
  [/\bimp[-_ ]?hash\b/i, 'imphash'],
  [/\bja3s?\b|_ja3s?\b|\bja3s?_/i, 'ja3'],
  [
    /(?:\b|_)(?:session|correlation|trace|span|request|req|flow|transaction|tenant|message|event|alert|case|job|task|rule|policy|object|record|row|client|account|customer|group|agent|device|sensor|build|image|container|commit|revision|rev|etag|nonce|token|cookie|csrf|secret|api|access|license|serial|uuid|guid|id|tlsh|password|ntlm|nt|lm|salt|iv|rc4|aes|xor|encryption|decryption)(?:[-_ ]?(?:ids?|key|token|number|no|hash|secret|code))?["'`]?\s*[:=#|]{0,2}\s*["'`(]?$/i,
    'opaque',
  ],
]
const hashLabel =
  /\b(?:md5|hash(?:es)?|checksum|digest|sha-?1|sha1sum|md5sum|fileHash|file_hash)["'`*)\]]*\s*[:=|]*\s*["'`(*]*$/i

const typeByLength: Readonly<Record<number, ObservableType>> = { 32: 'md5', 40: 'sha1', 64: 'sha256', 128: 'sha512' }
/** A label and its separator fit in this; further back it labels something else. */
const labelReach = 28

/** The length is that of a digest, and it has digits and letters: an all-digit string of that length is a number. */
export function digestType(length: number): ObservableType | undefined {
  return typeByLength[length]
}

/**
 * What the digest at [start, end) is. 32 hex digits may be an MD5, an import hash, a JA3 fingerprint or somebody's
 * session; 40 may be a commit. `column` is the head of its table column, when it stands in a table.
 */
export function digestAs(
  type: ObservableType,
  text: string,
  start: number,
  column: string | undefined,
): ObservableType | undefined {
  if (type !== 'md5' && type !== 'sha1') return type
  const reach = text.slice(Math.max(0, start - labelReach), start)
  const before = reach.slice(reach.lastIndexOf('\n') + 1)
  if (column === undefined && !/[A-Za-z]/.test(before)) return type
  const near = column ?? (hashLabel.test(before) ? '' : before)
  // A label in the line before its value is the nearest one: "imphash f34d…" and not "imphash: none, MD5 9e10…".
  for (const [pattern, as] of named) {
    const match = pattern.exec(as === 'opaque' ? near : lastLabel(near))
    if (match === null) continue
    if (as === 'opaque') return undefined
    return type === 'md5' ? as : type
  }
  return type
}

/** The text after the last value or clause end, so that a label two values back does not count. */
function lastLabel(before: string): string {
  const cut = Math.max(before.lastIndexOf(','), before.lastIndexOf(';'), before.lastIndexOf('. '))
  const rest = before.slice(cut + 1)
  const otherHash = /[0-9a-f]{12,}/i.exec(rest)
  return otherHash === null ? rest : rest.slice(otherHash.index + otherHash[0].length)
}

const ssdeepAt = /(\d{1,10}):([A-Za-z0-9/+]{3,80}):([A-Za-z0-9/+]{3,80})(?![A-Za-z0-9/+:])/y

/**
 * ssdeep is blocksize:hash:hash. The block size is always 3 x 2^n, which tells it from times, ports and rule ids; short
 * hashes are taken only when somebody says ssdeep.
 */
export function ssdeepEnd(text: string, start: number): number {
  ssdeepAt.lastIndex = start
  const match = ssdeepAt.exec(text)
  if (match === null) return -1
  const [whole, size, first, second] = match as unknown as [string, string, string, string]
  if (!isBlockSize(Number(size))) return -1
  const long = first.length >= 16 && second.length >= 8 && /[a-z]/.test(first) && /[A-Z]/.test(first)
  if (!long && !/ssdeep|fuzzy/i.test(text.slice(Math.max(0, start - 24), start))) return -1
  return start + whole.length
}

function isBlockSize(n: number): boolean {
  if (n < 3 || n % 3 !== 0) return false
  const k = n / 3
  return Number.isInteger(Math.log2(k))
}
