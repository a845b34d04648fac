import type { MarkedText } from '../../contract/search.ts'
import type { SearchAsk } from '../../model/search.ts'

/** Characters of a snippet before the first hit and in all. */
const snippetBefore = 60
const snippetChars = 220
/** A chunk of text between two separators, with the signs that words may hold inside. */
const chunks = /[\p{L}\p{M}\p{N}.@:/\\_[\]\u200B-\u200F-]+/gu

/** What of a text to mark: the words without the names of their fields, in the form of `plain`. */
export type Marker = { readonly words: readonly string[]; readonly plain: (text: string) => string }

export function markerOf(ask: SearchAsk, plain: (text: string) => string): Marker {
  const words = ask.words
    .filter((one) => !one.not)

    .map(({ word }) => word)
  return { words: [...new Set(words)], plain }
}

/** True when a chunk is, begins with, or holds at one of its own boundaries a word that was looked for. */
function holds(marker: Marker, chunk: string): boolean {
  const plain = marker.plain(chunk)
  return marker.words.some((word) => {
    for (let at = plain.indexOf(word); at !== -1; at = plain.indexOf(word, at + 1))
      if (at === 0 || !/[\p{L}\p{N}]/u.test(plain[at - 1] ?? '') || /[\u0E00-\u0E7F\u3040-\u9FFF]/.test(word))
        return true
    return false
  })
}

/** A text with the hits in it marked, whole. Never markup: whoever shows it shows text. */
export function marked(text: string, marker: Marker): MarkedText {
  const out: { text: string; hit: boolean }[] = []
  const add = (piece: string, hit: boolean): void => {
    const last = out.at(-1)
    if (piece === '') return
    if (last?.hit === hit) last.text += piece
    else out.push({ text: piece, hit })
  }
  let from = 0
  for (const { 0: chunk, index } of text.matchAll(chunks)) {
    if (!holds(marker, chunk)) continue
    add(text.slice(from, index), false)
    add(chunk, true)
    from = index + chunk.length
  }
  add(text.slice(from), false)
  return out
}

/** The surroundings of the first hit in a long text, on one line; empty where nothing of it is looked for. */
export function snippetOf(text: string, marker: Marker): MarkedText {
  for (const { 0: chunk, index } of text.matchAll(chunks)) {
    if (!holds(marker, chunk)) continue
    const from = Math.max(0, index - snippetBefore)
    const piece = text
      .slice(from, from + snippetChars)
      .toWellFormed()
      .replace(/\s+/g, ' ')
      .trim()
    return marked(`${from > 0 ? '…' : ''}${piece}${from + snippetChars < text.length ? '…' : ''}`, marker)
  }
  return []
}
