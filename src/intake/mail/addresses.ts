import type { Mailbox } from '../../model/letter.ts'
import { storable } from './charset.ts'
import { decodeWords, unfold } from './header-fields.ts'

type Token = { readonly kind: 'text' | 'quoted' | 'comment' | 'special'; readonly text: string }

/** Cuts an address list into words, quoted strings, comments and the characters , ; : < >. One pass. */
function tokensOf(value: string): Token[] {
  const tokens: Token[] = []
  let text = ''
  const flush = () => {
    if (text.trim() !== '') tokens.push({ kind: 'text', text: text.trim() })
    text = ''
  }
  for (let i = 0; i < value.length; i++) {
    const character = value[i] as string
    if (character === '"' || character === '(') {
      const close = closing(value, i, character)
      if (close < 0) {
        // Never closed: an ordinary character, so that the rest of the list is not swallowed.
        text += character === '"' ? '' : character
        continue
      }
      flush()
      const inner = value.slice(i + 1, close).replace(/\\(.)/g, '$1')
      tokens.push({ kind: character === '"' ? 'quoted' : 'comment', text: inner })
      i = close
    } else if (',;:<>'.includes(character)) {
      flush()
      tokens.push({ kind: 'special', text: character })
    } else {
      text += character
    }
  }
  flush()
  return tokens
}

/** Index of the quote or bracket that closes the one at `open`; -1 if none within 1,000 characters, longer than any real name. */
function closing(value: string, open: number, kind: '"' | '('): number {
  let depth = 0
  for (let i = open; i < Math.min(value.length, open + 1000); i++) {
    const character = value[i]
    if (character === '\\') i++
    else if (kind === '"') {
      if (character === '"' && i > open) return i
    } else if (character === '(') depth++
    else if (character === ')' && --depth === 0) return i
  }
  return -1
}

type Entry = { words: Token[]; comments: string[]; angle: string | null }

function mailboxOf(entry: Entry): Mailbox | null {
  let { words } = entry
  let address = entry.angle
  if (address === null) {
    // No angle brackets: the word with the "@" is the address; a quoted local part comes as two tokens.
    const at = words.findIndex((word) => word.text.includes('@'))
    if (at >= 0) {
      const word = words[at] as Token
      const quotedBefore = word.text.startsWith('@') && words[at - 1]?.kind === 'quoted' ? 1 : 0
      if (quotedBefore === 1) {
        address = `"${(words[at - 1] as Token).text}"${word.text.split(/\s+/)[0]}`
        words = words.filter((_, index) => index !== at && index !== at - 1)
      } else {
        const pieces = word.text.split(/\s+/)
        address = pieces.find((piece) => piece.includes('@')) ?? null
        const rest = pieces.filter((piece) => piece !== address).join(' ')
        words = words
          .map((other, index) => (index === at ? { kind: 'text' as const, text: rest } : other))
          .filter((other) => other.text !== '')
      }
    }
  }
  const name = decodeWords(words.map((word) => word.text).join(' ') || entry.comments.join(' ')).trim()
  const plain = storable(decodeWords((address ?? '').replace(/^@[^:]*:/, ''))).replace(/\s+/g, '')
  if (plain === '' && name === '') return null
  return { name: name === plain ? '' : name, address: plain }
}

/**
 * Mailboxes of an address header (RFC 5322 section 3.4, groups flattened), at most `max`. Encoded words are decoded after the
 * list was cut up, so that none can smuggle in an address. Odd entries keep what can be kept; `more` says that some were left off.
 */
export function mailboxesOf(raw: string, max: number): { mailboxes: Mailbox[]; more: boolean } {
  const mailboxes: Mailbox[] = []
  let entry: Entry = { words: [], comments: [], angle: null }
  let inAngle = false
  let more = false
  const close = () => {
    const mailbox = mailboxOf(entry)
    entry = { words: [], comments: [], angle: null }
    inAngle = false
    if (mailbox === null) return
    if (mailboxes.length < max) mailboxes.push(mailbox)
    else more = true
  }
  for (const token of tokensOf(unfold(raw))) {
    if (token.kind === 'comment') entry.comments.push(token.text)
    else if (token.kind === 'special' && inAngle && token.text === ':') entry.angle += ':'
    else if (token.kind === 'special') {
      if (token.text === '<') {
        inAngle = true
        entry.angle ??= ''
      } else if (token.text === '>') inAngle = false
      else if (token.text === ':') entry = { words: [], comments: [], angle: null }
      else if (inAngle && token.text === ',' && (entry.angle ?? '').startsWith('@')) entry.angle += ','
      else close()
    } else if (inAngle) entry.angle += token.kind === 'quoted' ? `"${token.text}"` : token.text
    else entry.words.push(token)
  }
  close()
  return { mailboxes, more }
}
