import { execFileSync } from 'node:child_process'
import {
  appendFile,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LogFilesDoor, makeLogFilesDoor } from '../src/intake/log-files/door.ts'
import { filesOf } from '../src/intake/log-files/files-of.ts'
import { headerOf, nextHeader } from '../src/intake/log-files/header.ts'
import { readFileOnward } from '../src/intake/log-files/read-file.ts'
import { smallBytesMax, type Taking } from '../src/intake/log-files/read-text.ts'
import { systemClock } from '../src/kit/clock.ts'
import { Trouble } from '../src/kit/errors.ts'
import { linesOf } from '../src/kit/lines.ts'
import { openFilePositions } from '../src/lake/load/file-positions.ts'
import { loadLinesMax } from '../src/model/lake.ts'

let base: string
let folders = 0
beforeAll(async () => {
  base = await mkdtemp(path.join(os.tmpdir(), 'counterfoil-log-files-'))
})
afterAll(() => rm(base, { recursive: true }))
const log = { info: () => undefined, warn: () => undefined }

/** A lake that remembers what it was given; a position twice is kept once, as the spool does it. */
async function rig() {
  const folder = path.join(base, String(folders++))
  await mkdir(path.join(folder, 'logs'), { recursive: true })
  const lines: string[] = []
  const headers: string[] = []
  const positions = new Set<string>()
  let refuse: (() => Error | null) | null = null
  const keep = (position: string | null, header: string | undefined, more: readonly Uint8Array[]): void => {
    const problem = refuse?.() ?? null
    if (problem !== null) throw problem
    if (position !== null && positions.has(position)) return
    if (position !== null) positions.add(position)
    for (const line of more) lines.push(Buffer.from(line).toString('latin1'))
    if (header !== undefined) headers.push(header)
  }
  const open = async (): Promise<Taking> => ({
    take: async (batch) => keep(batch.position, batch.header, batch.lines),
    takeChunk: async (chunk) => keep(chunk.position, chunk.header, linesOf(chunk.bytes)),
    positions: await openFilePositions(path.join(folder, 'positions')),
  })
  const at = (name: string): string => path.join(folder, 'logs', name)
  const read = async (name: string, takesRest = true) =>
    readFileOnward({ ...(await open()), path: at(name), source: 's', clock: systemClock, takesRest })
  return {
    ...{ folder: path.join(folder, 'logs'), at, lines, headers, open, read },
    fail: (how: (() => Error | null) | null): void => {
      refuse = how
    },
  }
}

async function until(what: string, check: () => boolean): Promise<void> {
  const end = Date.now() + 10_000
  while (!check()) {
    if (Date.now() > end) throw new Error(`waited for ${what}`)
    await sleep(10)
  }
}

test('what is new is read, and nothing twice; the end without a line end is read where the file grows no more', async () => {
  const { at, lines, read } = await rig()
  await writeFile(at('a.log'), 'one\r\n\ntwo\nthr')
  await read('a.log', false)
  expect(lines).toEqual(['one', 'two'])
  await appendFile(at('a.log'), 'ee\nfour')
  await read('a.log')
  expect((await read('a.log')).bytes).toBe(0)
  expect(lines).toEqual(['one', 'two', 'three', 'four'])
})

test('killed between any two steps, each line comes once', async () => {
  const { at, lines, read, fail } = await rig()
  const text = Array.from({ length: 20_000 }, (_, n) => `${'x'.repeat(100)} line ${n}\n`).join('')
  await writeFile(at('a.log'), text)
  expect(text.length).toBeGreaterThan(smallBytesMax)
  // The lake takes it, but we do not hear of it any more: the position stays under way.
  let calls = 0
  fail(() => (++calls > 1 ? new Error('killed') : null))
  await read('a.log').catch(() => undefined)
  await appendFile(at('a.log'), 'more\n')
  await expect(read('a.log')).rejects.toThrow('killed')
  fail(null)
  await read('a.log')
  expect(lines.length).toBe(new Set(lines).size)
  expect(lines).toHaveLength(20_001)
})

test('short lines are handed over in stretches of about what the engine is given at once, each line once', async () => {
  const { at, lines, open } = await rig()
  const count = 3 * loadLinesMax
  await writeFile(at('a.log'), Array.from({ length: count }, (_, n) => `line ${n}\n`).join(''))
  const taking = await open()
  const stretches: number[] = []
  const counting: Taking = {
    ...taking,
    takeChunk: async (chunk) => {
      stretches.push(linesOf(chunk.bytes).length)
      await taking.takeChunk(chunk)
    },
  }
  await readFileOnward({ ...counting, path: at('a.log'), source: 's', clock: systemClock, takesRest: true })
  expect(Math.max(...stretches)).toBeLessThan(loadLinesMax * 1.5)
  expect(stretches.length).toBeGreaterThan(1)
  expect(new Set(lines).size).toBe(count)
  expect(lines).toHaveLength(count)
})

test('a stretch that was under way is repeated exactly, also when the file has grown', async () => {
  const { at, lines, open, read } = await rig()
  await writeFile(at('a.log'), 'first line of a log with some length, so that it is known again\nsecond\n')
  const taking = await open()
  const dying: Taking = {
    ...taking,
    positions: {
      ...taking.positions,
      set: async (position) => {
        if (position.underWay === null) throw new Error('killed after it was taken')
        await taking.positions.set(position)
      },
    },
  }
  const file = { path: at('a.log'), source: 's', clock: systemClock, takesRest: true }
  await expect(readFileOnward({ ...dying, ...file })).rejects.toThrow('killed')
  await appendFile(at('a.log'), 'third\n')
  await read('a.log')
  expect(lines.map((line) => line.split(' ')[0])).toEqual(['first', 'second', 'third'])
})

test('gzip with several members and zstd with several frames are read once; renamed too; damaged ones up to the damage', async () => {
  const { at, lines, read } = await rig()
  await writeFile(at('a.gz'), Buffer.concat([gzipSync('one\n'), gzipSync('two\n')]))
  await writeFile(at('b'), Buffer.concat([zstdCompressSync('three\n'), zstdCompressSync('four')]))
  for (const name of ['a.gz', 'b', 'a.gz', 'b']) await read(name)
  await rename(at('a.gz'), at('old-a.gz'))
  expect((await read('old-a.gz')).bytes).toBe(0)
  expect(lines).toEqual(['one', 'two', 'three', 'four'])
  const whole = gzipSync(Array.from({ length: 50_000 }, (_, n) => `${n * n}\n`).join(''))
  await writeFile(at('cut.gz'), whole.subarray(0, whole.length - 1000))
  const cut = await read('cut.gz')
  expect(cut.problem).toContain('unexpected end')
  expect(lines.length).toBeGreaterThan(10_000)
})

test.each([
  ['bzip2', Buffer.from('BZh91AY')],
  ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0])],
  ['UTF-16', Buffer.from('\ufeffa\n', 'utf16le')],
])('%s is said by name instead of kept as rubbish', async (name, bytes) => {
  const { at, lines, read } = await rig()
  await writeFile(at('file'), bytes)
  await expect(read('file')).rejects.toMatchObject({
    code: 'file.unreadable',
    details: { problem: expect.stringContaining(name) },
  })
  expect(lines).toEqual([])
})

test('the header of a file goes with what follows, and a new one begins in the middle', async () => {
  expect(headerOf(Buffer.from('time,src,dst\n1,2,3\n'))).toBe('time,src,dst')
  expect(headerOf(Buffer.from('Nov 20 10:00:00 web-1 sshd, hello, world\nx'))).toBe('')
  expect(headerOf(Buffer.from('1,2,3\n4,5,6\n'))).toBe('')
  expect(headerOf(Buffer.from('{"a":1,"b":2,"c":3}\n{}'))).toBe('')
  expect(headerOf(Buffer.from('#separator \\x09\n#fields\tts\tuid\n1\t2\n'))).toContain('#fields\tts\tuid')
  expect(nextHeader(Buffer.from('a\n#Software: x\n#Fields: b\n'))).toBe(2)
  expect(nextHeader(Buffer.from('#separator x\n#path\tconn\n#fields\ta\n1\n2\n'))).toBe(-1)
  expect(nextHeader(Buffer.from('#Fields: b\n1\n#Fields: c\n'))).toBe(13)
  const { at, headers, lines, read } = await rig()
  await writeFile(at('iis.log'), '#Software: x\n#Fields: a b\n1 2\n#Fields: a b c\n1 2 3\n')
  await read('iis.log')
  await appendFile(at('iis.log'), '4 5 6\n')
  await read('iis.log')
  expect(headers).toEqual(['#Software: x\n#Fields: a b', '#Fields: a b c', '#Fields: a b c'])
  expect(lines).toHaveLength(6)
})

test('folders, globs and files: hidden and half-written ones are left out, a mistyped path is said', async () => {
  const { at, folder } = await rig()
  await mkdir(at('below'))
  for (const name of ['a.log', 'below/b.log', '.hidden', 'c.log.tmp']) await writeFile(at(name), 'x\n')
  const names = async (named: string) => (await filesOf(named)).map((file) => path.basename(file.path)).sort()
  expect(await names(folder)).toEqual(['a.log', 'b.log'])
  expect(await names(path.join(folder, '**/*.log'))).toEqual(['a.log', 'b.log'])
  await expect(filesOf(at('nope'))).rejects.toMatchObject({ code: 'file.unreadable' })
})

test('pipes and devices are never read: passed over in a folder, said when named; a link in a circle ends', async () => {
  const { at, folder } = await rig()
  await writeFile(at('a\nb.log'), 'x\n')
  execFileSync('mkfifo', [at('pipe.log')])
  await symlink(folder, at('circle'))
  await symlink('/dev/zero', at('zero.log'))
  expect((await filesOf(folder)).map((file) => path.basename(file.path))).toEqual(['a\nb.log'])
  for (const named of [at('pipe.log'), '/dev/zero'])
    await expect(filesOf(named)).rejects.toMatchObject({ code: 'file.unreadable', details: { file: named } })
})

async function followed(named: (at: (name: string) => string, folder: string) => string) {
  const it = await rig()
  const taking = await it.open()
  const door = makeLogFilesDoor({
    ...taking,
    files: [{ path: named(it.at, it.folder), source: 's' }],
    ...{ clock: systemClock, log, lookEveryMs: 10, findEveryMs: 20, drainMs: 150 },
  })
  return { ...it, door }
}
const line = (n: number): string =>
  `2026-11-20T10:00:00Z a line of a log that is long enough to be known again, number ${n}\n`
const numbers = (lines: readonly string[]): number[] => lines.map((text) => Number(/number (\d+)/.exec(text)?.[1]))
const stopping = async (door: LogFilesDoor): Promise<void> => {
  await door.stop()
  expect(door.state().state).toBe('stopped')
}

test('a file that is put aside by renaming is read to its end, also when only its first name is followed', async () => {
  const { at, lines, door } = await followed((name) => name('app.log'))
  await writeFile(at('app.log'), line(1))
  door.start()
  await until('the first line', () => lines.length === 1)
  await appendFile(at('app.log'), line(2))
  await rename(at('app.log'), at('app.log.1'))
  await writeFile(at('app.log'), line(10))
  // Its program has the old file open for a moment longer.
  await appendFile(at('app.log.1'), line(3))
  await until('all four', () => lines.length === 4)
  await stopping(door)
  expect(numbers(lines).sort((a, b) => a - b)).toEqual([1, 2, 3, 10])
})

test('a folder with rotation by renaming, by copying and truncating, and by compression: each line once', async () => {
  const { at, lines, door, folder } = await followed((_name, whole) => whole)
  await writeFile(at('app.log'), line(1) + line(2))
  door.start()
  await until('two lines', () => lines.length === 2)
  await rename(at('app.log'), at('app.log.1'))
  await writeFile(at('app.log'), line(3))
  await until('the third', () => lines.length === 3)
  await copyFile(at('app.log'), at('app.log.2'))
  await truncate(at('app.log'))
  await appendFile(at('app.log'), line(4))
  await until('the fourth', () => lines.includes(line(4).trim()))
  await writeFile(at('app.log.3.gz'), gzipSync(await readFile(at('app.log.1'))))
  await rm(at('app.log.1'))
  await sleep(300)
  await stopping(door)
  expect((await readdir(folder)).sort()).toEqual(['app.log', 'app.log.2', 'app.log.3.gz'])
  expect(numbers(lines)).toEqual([1, 2, 3, 4])
})

test('a full lake loses nothing and holds up nobody else; the door goes on where it was, also in a new process', async () => {
  const it = await followed((_name, whole) => whole)
  let full = true
  it.fail(() => (full ? new Trouble('lake.full', { why: 'test' }) : null))
  await writeFile(it.at('a.log'), line(1))
  it.door.start()
  await sleep(100)
  await it.door.stop()
  expect(it.lines).toEqual([])
  full = false
  const again = makeLogFilesDoor({
    ...(await it.open()),
    files: [{ path: it.folder, source: 's' }],
    ...{ clock: systemClock, log, lookEveryMs: 10, findEveryMs: 20 },
  })
  again.start()
  await until('the line', () => it.lines.length === 1)
  await appendFile(it.at('a.log'), line(2))
  await until('the next', () => it.lines.length === 2)
  await stopping(again)
})

test('a path that cannot be read is said, and read once it can be', async () => {
  const it = await followed((name) => name('later.log'))
  it.door.start()
  await until('the problem', () => it.door.state().state === 'failing')
  await writeFile(it.at('later.log'), line(1))
  await until('the line', () => it.lines.length === 1)
  expect(it.door.state().state).toBe('active')
  await stopping(it.door)
})
