import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stampOf, withFolderLock } from './process-lock.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'counterfoil-lock-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** How many were in at once, of many who want in at the same time. */
async function crowd(file: string, many: number): Promise<number> {
  let [inside, most] = [0, 0]
  await Promise.all(
    Array.from({ length: many }, () =>
      withFolderLock(file, async () => {
        inside += 1
        most = Math.max(most, inside)
        await sleep(1)
        inside -= 1
      }),
    ),
  )
  return most
}

test('of many at once one is in, and nothing is left behind', async () => {
  const file = path.join(folder, 'crowd')
  expect(await crowd(file, 12)).toBe(1)
  expect((await readdir(folder)).filter((name) => name.startsWith('crowd'))).toEqual([])
})

test.each([
  ['of a dead process', JSON.stringify({ pid: process.pid, startedAt: '1' })],
  ['that names nobody', ''],
  ['that a loss of power tore', '{"pid":12'],
])('a lock %s is taken, by one at a time', async (_, left) => {
  const file = path.join(folder, 'left')
  for (let round = 0; round < 4; round += 1) {
    await writeFile(file, left)
    expect(await crowd(file, 6)).toBe(1)
  }
})

test('a lock has its words in it from the first moment it is there', async () => {
  const file = path.join(folder, 'words')
  const seen = new Set<string>()
  let goesOn = true
  const watch = (async () => {
    while (goesOn) seen.add(await readFile(file, 'utf8').catch(() => 'away'))
  })()
  for (let n = 0; n < 300; n += 1) await withFolderLock(file, async () => undefined)
  goesOn = false
  await watch
  expect([...seen].filter((text) => text !== 'away')).toEqual([JSON.stringify(stampOf(process.pid))])
})

test('where there is no folder for it, that is said', async () => {
  await expect(withFolderLock(path.join(folder, 'away', 'lock'), async () => undefined)).rejects.toMatchObject({
    code: 'file.unreadable',
  })
})
