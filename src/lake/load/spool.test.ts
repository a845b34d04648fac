import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../kit/clock.ts'
import { isTrouble } from '../../kit/errors.ts'
import type { LogBatch } from '../../model/lake.ts'
import type { RoomLimits } from './room.ts'
import { walk } from './segment-format.ts'
import { chunkBytesMax, Spool } from './spool.ts'

let base: string
let folders = 0
beforeAll(async () => {
  base = await mkdtemp(path.join(os.tmpdir(), 'counterfoil-spool-'))
})
afterAll(() => rm(base, { recursive: true }))

const limits: RoomLimits = { spoolBytesMax: 64 * 1024 * 1024, sourceShareMax: 0.5, freeDiskMinBytes: 0 }
const log = { info: () => undefined, warn: () => undefined }
const newFolder = (): string => path.join(base, `spool-${folders++}`)
const openSpool = (folder: string, more: Partial<RoomLimits> = {}): Promise<Spool> =>
  Spool.open(folder, { clock: systemClock, log, limits: { ...limits, ...more } })
const batch = (lines: readonly (string | Uint8Array)[], more: Partial<LogBatch> = {}): LogBatch => ({
  source: 'firewall',
  peer: '192.0.2.1',
  position: null,
  lines: lines.map((line) => (typeof line === 'string' ? Buffer.from(line) : line)),
  ...more,
})

/** The lines of a segment of records, as the engine would read them. */
async function linesIn(file: string): Promise<{ line: number; raw: Buffer }[]> {
  const bytes = await readFile(file)
  let at = 0
  const text = (): Buffer => {
    let length = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0
      length += (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    at += length
    return bytes.subarray(at - length, at)
  }
  const found: { line: number; raw: Buffer }[] = []
  while (at < bytes.length) {
    const line = bytes.readUInt32LE(at)
    at += 4
    text()
    text()
    at += 8
    text()
    const raw = text()
    text()
    at += 4
    found.push({ line, raw })
  }
  return found
}
const rawOf = async (spool: Spool): Promise<string[]> => {
  const all: string[] = []
  for (const { file, kind } of spool.sealed)
    if (kind === 'records') all.push(...(await linesIn(file)).map(({ raw }) => raw.toString('latin1')))
  return all
}

test('what comes at once is one segment, byte for byte, numbered, without empty lines', async () => {
  const spool = await openSpool(newFolder())
  const odd = Buffer.from([0xff, 0x00, 0x0a, 0x0d, 0xfe])
  await Promise.all([
    spool.take(batch(['one', '', odd])),
    ...Array.from({ length: 50 }, (_, i) => spool.take(batch([`line ${i}`]))),
  ])
  await spool.seal()
  expect(spool.sealed).toHaveLength(1)
  const lines = await linesIn(spool.sealed[0]?.file ?? '')
  expect(lines.map(({ line }) => line)).toEqual(lines.map((_, index) => index))
  expect(lines).toHaveLength(52)
  expect(lines.filter(({ raw }) => raw.equals(odd))).toHaveLength(1)
  await spool.close()
})

test('a line longer than 1 MiB is cut into pieces, and all of it is kept', async () => {
  const spool = await openSpool(newFolder())
  const long = Buffer.alloc(2_500_000, 'x')
  await spool.take(batch([long]))
  await spool.takeChunk({
    ...{ source: 'files', peer: '', position: 'p' },
    bytes: Buffer.concat([Buffer.from('short\r\n\n'), long, Buffer.from('\nend')]),
  })
  await spool.seal()
  const lengths = (await rawOf(spool)).map((raw) => raw.length)
  expect(lengths).toEqual([1_048_576, 1_048_576, 402_848, 5, 1_048_576, 1_048_576, 402_848, 3])
  await spool.close()
})

test('what was torn by a kill ends with its last whole batch; another process takes it over, also under a new tear', async () => {
  const folder = newFolder()
  const spool = await openSpool(folder)
  await spool.take(batch(['kept 1', 'kept 2']))
  await spool.take(batch(['torn 1', 'torn 2']))
  const [name = ''] = (await readdir(spool.folder)).filter((file) => file.endsWith('.open'))
  const whole = await readFile(path.join(spool.folder, name))
  const before = await walk(whole)
  expect(before).toMatchObject({ wholeBytes: whole.length, lines: 4 })
  for (const cut of [1, 5, 20, 33]) {
    expect(await walk(whole.subarray(0, whole.length - cut))).toMatchObject({ lines: 2, wholeBytes: whole.length / 2 })
  }
  const flipped = Buffer.from(whole)
  flipped[whole.length - 12] = 0x41
  expect(await walk(flipped)).toMatchObject({ lines: 2 })
  // As if its process were gone: nobody's stamp.
  await rm(path.join(spool.folder, 'writer.json'))
  await truncate(path.join(spool.folder, name), whole.length - 3)
  const next = await openSpool(folder)
  expect(await rawOf(next)).toEqual(['kept 1', 'kept 2'])
  expect(next.bytes).toBe(whole.length / 2)
  expect(await readdir(folder)).not.toContain(path.basename(spool.folder))
  await next.close()
  // The dead one, whose files are gone.
  await expect(spool.close()).rejects.toMatchObject({ code: 'ENOENT' })
})

test('the spool of a living process is left alone', async () => {
  const folder = newFolder()
  const first = await openSpool(folder)
  await first.take(batch(['mine']))
  await first.seal()
  const second = await openSpool(folder)
  expect(second.sealed).toEqual([])
  await second.close()
  expect(first.sealed).toHaveLength(1)
  await first.close()
})

test('a piece that was stored is not stored again: at once, after it was loaded, and by another process', async () => {
  const folder = newFolder()
  const spool = await openSpool(folder)
  const piece = batch(['only once'], { position: 'request-7' })
  await Promise.all([spool.take(piece), spool.take(piece)])
  await spool.take(piece)
  await spool.take({ ...piece, source: 'other' })
  await spool.takeChunk({ source: 'files', peer: '', position: 'f:0-4', bytes: Buffer.from('one\n') })
  await spool.seal()
  expect(await rawOf(spool)).toEqual(['only once', 'only once'])
  expect(spool.sealed.filter(({ kind }) => kind === 'lines')).toHaveLength(1)
  const meanwhile = await openSpool(folder)
  await meanwhile.take(piece)
  await meanwhile.takeChunk({ source: 'files', peer: '', position: 'f:0-4', bytes: Buffer.from('one\n') })
  await meanwhile.seal()
  expect(meanwhile.sealed).toEqual([])
  await meanwhile.close()
  for (const segment of [...spool.sealed]) await spool.remove(segment)
  await spool.take(piece)
  await spool.seal()
  expect(spool.sealed).toEqual([])
  await spool.close()
  const later = await openSpool(folder)
  await later.take(piece)
  await later.take(batch(['another'], { position: 'request-8' }))
  await later.seal()
  expect(await rawOf(later)).toEqual(['another'])
  await later.close()
})

test('a full spool refuses, a flooding source before the others, and takes again once there is room', async () => {
  const spool = await openSpool(newFolder(), { spoolBytesMax: 4_000_000 })
  const flood = batch([Buffer.alloc(900_000, 'f')])
  const why = async (taking: Promise<void>): Promise<unknown> =>
    taking.then(
      () => 'taken',
      (error: unknown) => (isTrouble(error, 'lake.full') ? error.details['why'] : error),
    )
  expect(await why(spool.take(flood))).toBe('taken')
  expect(await why(spool.take(flood))).toBe('taken')
  expect(await why(spool.take(flood))).toContain('its share')
  expect(await why(spool.take({ ...flood, source: 'quiet' }))).toBe('taken')
  expect(await why(spool.take({ ...flood, source: 'third' }))).toBe('taken')
  expect(await why(spool.take({ ...flood, source: 'fourth' }))).toContain('the engine is behind')
  await spool.seal()
  for (const segment of [...spool.sealed]) await spool.remove(segment)
  expect(spool.bytes).toBe(0)
  expect(await why(spool.take(flood))).toBe('taken')
  await spool.close()
  const noDisk = await openSpool(newFolder(), { freeDiskMinBytes: 2 ** 60 })
  expect(await why(noDisk.take(flood))).toContain('freeDiskMinMiB')
  await noDisk.close()
})

test('load numbers rise, never collide between writers, and fit a number', async () => {
  const folder = newFolder()
  const [a, b] = [await openSpool(folder), await openSpool(folder)]
  const loads = Array.from({ length: 1000 }, () => [a.nextLoad(), b.nextLoad()]).flat()
  expect(new Set(loads).size).toBe(2000)
  expect(loads.every(Number.isSafeInteger)).toBe(true)
  await Promise.all([a.close(), b.close()])
})

const writer = `
import { Spool } from ${JSON.stringify(path.join(import.meta.dirname, 'spool.ts'))}
const log = { info() {}, warn() {} }
const clock = { now: () => new Date() }
const spool = await Spool.open(process.argv[2], { clock, log, limits: { spoolBytesMax: 1e9, sourceShareMax: 1, freeDiskMinBytes: 0 } })
const said = (text) => new Promise((resolve) => process.stdout.write(text + '\\n', resolve))
let n = 0
const send = async (who) => { for (;;) { const id = who + '-' + n++; await spool.take({ source: 's', peer: '', position: null, lines: [Buffer.from(id), Buffer.alloc(3000, 46)] }); await said(id) } }
await Promise.all(['a', 'b', 'c'].map(send))
`

test('what was acknowledged is there after kill -9, and nothing is there twice', async () => {
  const folder = newFolder()
  const script = path.join(base, 'writer.ts')
  await writeFile(script, writer)
  const acknowledged: string[] = []
  for (let kills = 0; kills < 4; kills++) {
    const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    while (said.split('\n').length < 40) await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'close')
    acknowledged.push(
      ...said
        .split('\n')
        .slice(0, -1)
        .map((id) => `${id}`),
    )
    const next = await openSpool(folder)
    const there = (await rawOf(next)).filter((raw) => !raw.startsWith('..'))
    expect(new Set(there).size).toBe(there.length)
    expect(acknowledged.filter((id) => !there.includes(id))).toEqual([])
    for (const segment of [...next.sealed]) await next.remove(segment)
    acknowledged.length = 0
    await next.close()
  }
})

test('a chunk is bounded, and an unfinished one of a killed process is swept away', async () => {
  const folder = newFolder()
  const spool = await openSpool(folder)
  const tooLarge = { source: 's', peer: '', position: 'x', bytes: Buffer.alloc(chunkBytesMax + 1) }
  await expect(spool.takeChunk(tooLarge)).rejects.toMatchObject({ code: 'input.too-large' })
  await writeFile(path.join(spool.folder, '99.lines.part'), 'half')
  await appendFile(path.join(spool.folder, '99.json'), '{}')
  await spool.close()
  expect(await readdir(folder)).not.toContain(path.basename(spool.folder))
})
