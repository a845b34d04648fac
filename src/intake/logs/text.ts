import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createInflate, createInflateRaw } from 'node:zlib'
import { Trouble, wordsOf } from '../../kit/errors.ts'
import { unzstd } from '../../kit/unzstd.ts'

/** Bytes of one body on the wire: six times the largest batch that a shipper sends by default (Vector's 10 MB). */
export const wireBytesMax = 64 * 1024 * 1024
/** The same unpacked: a day of a small firewall in one request. More comes as a second request. */
export const textBytesMax = 512 * 1024 * 1024
/** Logs pack 10 to 60 times; what unpacks further than this was made to do so. Looked at from `ratioFromBytes` on. */
const ratioMax = 250
const ratioFromBytes = 8 * 1024 * 1024

export type TextLimits = { readonly wireBytesMax?: number; readonly textBytesMax?: number; readonly ratioMax?: number }

/**
 * The text of a body, unpacked by its Content-Encoding (gzip, deflate, zstd, or none) as it comes: never more than a chunk of it is in
 * memory. Throws Trouble: 'input.too-large' past a bound, 'input.invalid' for what cannot be unpacked, breaks off, or an encoding that
 * we do not know.
 */
export async function* textOf(
  body: Readable,
  encoding: string,
  limits: TextLimits = {},
): AsyncGenerator<Buffer, void, undefined> {
  const most = { wireBytesMax, textBytesMax, ratioMax, ...limits }
  const count = { wire: 0, text: 0 }
  const wire = counted(body, (bytes) => {
    count.wire += bytes
    if (count.wire > most.wireBytesMax) throw new Trouble('input.too-large', { wireBytesMax: most.wireBytesMax })
  })
  try {
    for await (const chunk of unpacked(wire, encoding)) {
      count.text += chunk.length
      if (count.text > most.textBytesMax) throw new Trouble('input.too-large', { textBytesMax: most.textBytesMax })
      if (count.text > ratioFromBytes && count.text > count.wire * most.ratioMax)
        throw new Trouble('input.too-large', { ratioMax: most.ratioMax })
      yield chunk
    }
  } catch (error) {
    if (error instanceof Trouble) throw error
    throw new Trouble(
      'input.invalid',
      { fields: { body: 'It breaks off, or is not packed as its Content-Encoding says.' }, problem: wordsOf(error) },
      error,
    )
  }
}

async function* counted(body: Readable, onBytes: (bytes: number) => void): AsyncGenerator<Buffer, void, undefined> {
  // Not destroyed when we stop reading: the connection still has to carry our answer.
  for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    onBytes(chunk.length)
    yield chunk
  }
}

async function* unpacked(wire: AsyncGenerator<Buffer>, encoding: string): AsyncGenerator<Buffer, void, undefined> {
  const first = await wire.next()
  // A body of no bytes is an empty text in every encoding.
  if (first.done === true) return
  const chunks = startingWith(first.value, wire)
  switch (encoding.trim().toLowerCase()) {
    case '':
    case 'identity':
      return yield* chunks
    case 'gzip':
    case 'x-gzip':
      return yield* through(chunks, createGunzip())
    case 'deflate':
      // "deflate" is zlib's format by RFC 9110, and bare deflate by habit.
      return yield* through(chunks, hasZlibHeader(first.value) ? createInflate() : createInflateRaw())
    case 'zstd':
      return yield* unzstd(chunks)
    default:
      throw new Trouble('input.invalid', { fields: { 'content-encoding': 'gzip, deflate, zstd, or none' } })
  }
}

async function* through(chunks: AsyncGenerator<Buffer>, decoder: ReturnType<typeof createGunzip>) {
  const fed = pipeline(chunks, decoder)
  // Whatever breaks it breaks the reading as well, which throws it.
  fed.catch(() => undefined)
  yield* decoder as AsyncIterable<Buffer>
  await fed
}

async function* startingWith(first: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  yield first
  yield* rest
}

/** RFC 1950: method 8, and the first two bytes are a multiple of 31. */
function hasZlibHeader(chunk: Buffer): boolean {
  const [cmf = 0, flags = 0] = chunk
  return (cmf & 0x0f) === 8 && (cmf * 256 + flags) % 31 === 0
}
