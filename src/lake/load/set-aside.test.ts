import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LogSource } from '../../model/lake.ts'
import { removeSetAside } from './set-aside.ts'
import { writersMax } from './writer-folder.ts'

let folder: string
const now = new Date('2026-11-20T12:00:00.000Z')
const loadOf = (received: string, writer: number): number => (Date.parse(received) / 10) * writersMax + writer

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'counterfoil-set-aside-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function setAside(load: number, sources: Readonly<Record<string, number>>): Promise<void> {
  await writeFile(path.join(folder, `${load}.json`), JSON.stringify({ sources, positions: [] }))
  await writeFile(path.join(folder, `${load}.records`), 'lines')
}

test('what was set aside goes when none of its sources keeps lines that old', async () => {
  const old = '2026-10-01T00:00:00.000Z'
  const [gone, longer, forEver, unknown] = [1, 2, 3, 4].map((writer) => loadOf(old, writer))
  await setAside(gone ?? 0, { 'fw-1': 5 })
  await setAside(longer ?? 0, { 'fw-1': 5, 'ad-1': 7 })
  await setAside(forEver ?? 0, { 'fw-1': 5, audit: 9 })
  await setAside(unknown ?? 0, { stranger: 3 })
  await setAside(loadOf('2026-11-01T00:00:00.000Z', 6), { 'fw-1': 4 })
  const sources = [
    { id: 'fw-1', keepDays: 30 },
    { id: 'ad-1', keepDays: 365 },
    { id: 'audit', keepDays: null },
  ].map((one) => LogSource.parse(one))
  expect(await removeSetAside(folder, sources, now)).toEqual([
    { source: 'fw-1', because: 'days', received: old, setAsideBytes: 5 },
  ])
  const left = (await readdir(folder)).filter((name) => name.endsWith('.records'))
  expect(left).toHaveLength(4)
  expect(left).not.toContain(`${gone}.records`)
  expect(await readdir(folder)).not.toContain(`${gone}.json`)
  expect(await removeSetAside(folder, sources, now)).toEqual([])
})

test('without a folder there is nothing to remove', async () => {
  expect(await removeSetAside(path.join(folder, 'none'), [], now)).toEqual([])
})
