import { Trouble, wordsOf } from '../../kit/errors.ts'
import type { IntelligenceRead } from '../../model/intelligence.ts'
import { elementBytesMax, jsonElements, memberNames } from './json-elements.ts'
import { readIntelligenceList } from './list.ts'
import { readMisp } from './misp.ts'
import { readStixObject } from './stix-objects.ts'

export type IntelligenceForm = 'stix' | 'misp' | 'list'

/** Bytes by which a form is told. Bundles name their objects, events their attributes, well before that. */
const headBytes = 64 * 1024

/** What a text of intelligence is, and what it says, piece by piece: a STIX 2.1 bundle (or TAXII envelope), events of MISP, or a list. */
export type Opened = { readonly form: IntelligenceForm; readonly reads: AsyncIterable<IntelligenceRead> }

/** Opens a text of intelligence, whatever its form. Flat in memory. Throws Trouble('file.invalid' | 'input.too-large'), also while it is read. */
export async function openIntelligence(
  bytes: AsyncIterable<Uint8Array>,
  column: string | null = null,
): Promise<Opened> {
  const { head, all } = await beginningOf(bytes)
  const first = head.find((byte) => !blank.has(byte))
  // Whatever words stand in a workbook, a picture or an archive by chance are no indicators.
  if (head.includes(0))
    throw new Trouble('file.invalid', {
      problem: 'it is no text in UTF-8: a workbook, an archive? Save a workbook as CSV UTF-8, and unpack an archive',
    })
  if (first !== 0x7b && first !== 0x5b) return { form: 'list', reads: readIntelligenceList(all, column) }
  const names = first === 0x5b ? new Set(['']) : memberNames(head)
  if (names.has('objects') || names.has('spec_version'))
    return { form: 'stix', reads: ofElements(all, ['objects'], stixOf) }
  if (first === 0x5b)
    return {
      form: /"pattern_type"|"spec_version"/.test(head.toString()) ? 'stix' : 'misp',
      reads: ofElements(all, [], anyOf),
    }
  if (names.has('response') || names.has('Event'))
    return { form: 'misp', reads: ofElements(all, ['response', 'Event'], readMisp) }
  if (names.has('Attribute') || names.has('info')) return { form: 'misp', reads: ofWhole(all) }
  throw new Trouble('file.invalid', { problem: 'it is JSON, but neither a STIX 2.1 bundle nor an event of MISP' })
}

// The byte order mark, too.
const blank: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf])

async function beginningOf(bytes: AsyncIterable<Uint8Array>) {
  const pieces: Uint8Array[] = []
  let count = 0
  const source = bytes[Symbol.asyncIterator]()
  while (count < headBytes) {
    const next = await source.next()
    if (next.done === true) break
    pieces.push(next.value)
    count += next.value.length
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    yield* pieces.splice(0)
    yield* { [Symbol.asyncIterator]: () => source }
  }
  return { head: Buffer.concat(pieces), all: all() }
}

type OfJson = (json: unknown) => Iterable<IntelligenceRead>

const stixOf: OfJson = readStixObject
/** Objects of STIX have a type and an id with two dashes; events of MISP have neither. */
const anyOf: OfJson = (json) =>
  typeof json === 'object' && json !== null && String((json as { id?: unknown }).id ?? '').includes('--')
    ? readStixObject(json)
    : readMisp(json)

async function* ofElements(
  bytes: AsyncIterable<Uint8Array>,
  names: readonly string[],
  read: OfJson,
): AsyncGenerator<IntelligenceRead> {
  for await (const { text } of jsonElements(bytes, names)) yield* read(parsed(text))
}

/** An event without its envelope: its tags count for all its attributes, so that it is read at once. */
async function* ofWhole(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<IntelligenceRead> {
  const pieces: Uint8Array[] = []
  let count = 0
  for await (const piece of bytes) {
    count += piece.length
    if (count > elementBytesMax) throw new Trouble('input.too-large', { mostMiB: elementBytesMax / 1024 / 1024 })
    pieces.push(piece)
  }
  yield* readMisp(parsed(Buffer.concat(pieces).toString()))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Trouble('file.invalid', { problem: `it begins like JSON, but is none: ${wordsOf(error)}` }, error)
  }
}
