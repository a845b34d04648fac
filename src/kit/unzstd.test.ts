import { constants, zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { unzstd } from './unzstd.ts'

async function* inChunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function textOf(bytes: Buffer, chunk = 1000): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of unzstd(inChunks(bytes, chunk))) parts.push(part)
  return Buffer.concat(parts).toString()
}

const words = (word: string): string => `${word} `.repeat(50_000)
const skippable = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3])
const withSum = { params: { [constants.ZSTD_c_checksumFlag]: 1 } }

test.each([1, 7, 1000, 1_000_000])(
  'frames one behind the other, in chunks of %i bytes, are all read',
  async (chunk) => {
    const frames = [
      zstdCompressSync(words('one')),
      skippable,
      zstdCompressSync(words('two'), withSum),
      zstdCompressSync(''),
      zstdCompressSync('three', withSum),
    ]
    expect(await textOf(Buffer.concat(frames), chunk)).toBe(`${words('one')}${words('two')}three`)
  },
)

test('nothing at all is an empty text', async () => {
  expect(await textOf(Buffer.alloc(0))).toBe('')
})

test('text that does not compress is read as well', async () => {
  const noise = Array.from({ length: 40_000 }, (_, n) =>
    String.fromCodePoint(33 + ((n * n * 7919 + n * 104_729) % 90)),
  ).join('')
  expect(await textOf(zstdCompressSync(noise))).toBe(noise)
})

test.each<[string, Buffer]>([
  ['cut short', zstdCompressSync(words('one')).subarray(0, -3)],
  [
    'cut short in its second frame',
    Buffer.concat([zstdCompressSync('one'), zstdCompressSync(words('two')).subarray(0, -3)]),
  ],
  ['something else', Buffer.from('plain text')],
  ['something else behind a frame', Buffer.concat([zstdCompressSync('one'), Buffer.from('plain text')])],
])('%s is said, not taken for the end', async (_name, bytes) => {
  await expect(textOf(bytes)).rejects.toThrow()
})

test('a frame that wants more memory than one may is refused', async () => {
  const greedy = { [constants.ZSTD_c_windowLog]: 27, [constants.ZSTD_c_enableLongDistanceMatching]: 1 }
  const bytes = zstdCompressSync(Buffer.alloc(40 * 1024 * 1024, 'abc'), { params: greedy })
  await expect(textOf(bytes)).rejects.toThrow(/memory/)
})

test('whoever reads slowly is not run over: a frame of 256 MiB from 30 KB is handed out piece by piece', async () => {
  const bytes = zstdCompressSync(Buffer.alloc(256 * 1024 * 1024))
  const before = process.memoryUsage().arrayBuffers
  let most = 0
  for await (const part of unzstd(inChunks(bytes, 65_536))) {
    void part
    most = Math.max(most, process.memoryUsage().arrayBuffers - before)
    if (most > 64 * 1024 * 1024) break
  }
  expect(most).toBeLessThan(64 * 1024 * 1024)
})
