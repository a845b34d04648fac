import { Readable } from 'node:stream'
import { setImmediate as breathe } from 'node:timers/promises'
import { parse } from 'csv-parse'
import { Trouble, wordsOf } from '../../kit/errors.ts'
import { csvHeader, type Header } from '../../parsers/intelligence/columns.ts'
import { type Indicator, indicatorsOf, type NotRead } from './indicator.ts'
import { readStix } from './stix.ts'

/** A feed of 100,000 has 2 to 8 MiB. */
export const listBytesMax = 32 * 1024 * 1024
/** Twice the largest feed that we know of a provider. */
export const indicatorsMax = 200_000
/** Lines that could not be read and are named; the others are counted. */
const notReadNamedMax = 100
/** Of such a line. */
const textCharsMax = 120
/** Lines between two breaths: about 5 ms, so that a server goes on answering. */
const linesAtOnce = 500

export type ReadIndicators = {
  /** Each once, in the order of the list. */
  readonly indicators: readonly Indicator[]
  readonly notRead: readonly NotRead[]
  readonly notReadInAll: number
}

/**
 * A list of indicators: one a line ("#" begins a comment), CSV with a header (`column` names the column where it is not one that we
 * know), a STIX 2.1 bundle, or running text. Throws Trouble('input.too-large' | 'input.invalid').
 */
export async function readIndicators(bytes: Uint8Array, column: string | null = null): Promise<ReadIndicators> {
  if (bytes.length > listBytesMax) throw new Trouble('input.too-large', { mostMiB: listBytesMax / 1024 / 1024 })
  const text = new TextDecoder().decode(bytes)
  const kept = new Kept()
  if (/^\s*\{/.test(text)) {
    for (const { line, found } of readStix(text)) kept.add(line, typeof found === 'string' ? found : '', found)
    return kept.all()
  }
  const header = csvHeader(text, column)
  let read = 0
  for await (const { line, cell } of header === null ? linesOf(text) : cellsOf(text, header)) {
    if (cell.trim() === '') continue
    kept.add(line, cell, indicatorsOf(cell))
    read += 1
    if (read % linesAtOnce === 0) await breathe()
  }
  return kept.all()
}

/** Indicators as they come, each once. */
class Kept {
  readonly #indicators = new Map<string, Indicator>()
  readonly #notRead: NotRead[] = []
  #notReadInAll = 0

  add(line: number, text: string, found: readonly Indicator[] | string): void {
    if (typeof found === 'string') {
      this.#notReadInAll += 1
      if (this.#notRead.length < notReadNamedMax)
        this.#notRead.push({ line, text: text.slice(0, textCharsMax), why: found })
      return
    }
    for (const one of found) this.#indicators.set(one.value, this.#indicators.get(one.value) ?? one)
    if (this.#indicators.size > indicatorsMax) {
      throw new Trouble('input.too-large', { problem: `the list has more than ${indicatorsMax} indicators` })
    }
  }

  all(): ReadIndicators {
    return { indicators: [...this.#indicators.values()], notRead: this.#notRead, notReadInAll: this.#notReadInAll }
  }
}

type Cell = { readonly line: number; readonly cell: string }

function* linesOf(text: string): Generator<Cell> {
  let line = 0
  for (let from = 0; from <= text.length; ) {
    const end = text.indexOf('\n', from)
    const whole = text.slice(from, end === -1 ? text.length : end)
    line += 1
    // A "#" within a URL is no comment.
    yield { line, cell: /^\s*(?:#|\/\/)/.test(whole) ? '' : whole.replace(/\s#.*$/, '') }
    if (end === -1) return
    from = end + 1
  }
}

async function* cellsOf(text: string, header: Header): AsyncGenerator<Cell> {
  const parser = Readable.from([text.split('\n').slice(header.line).join('\n')]).pipe(
    parse({
      delimiter: header.delimiter,
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      comment: '#',
      comment_no_infix: true,
      info: true,
    }),
  )
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: readonly string[]
      info: { lines: number }
    }>) {
      yield { line: header.line + info.lines, cell: record[header.place] ?? '' }
    }
  } catch (error) {
    throw new Trouble('input.invalid', { problem: `the list is no CSV: ${wordsOf(error)}` }, error)
  }
}
