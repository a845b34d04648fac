import { randomInt } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, rmdir } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { isAlive, stampOf, withFolderLock } from '../../kit/process-lock.ts'
import { loadsIn, moveSegment, readSegment, recoverOpen, removeBesides, type Segment } from './segment.ts'
import { syncFolder, writeSynced } from './synced-files.ts'

/** Numbers of writers: with the time in hundredths of a second they make load numbers below 2^53 until the year 2055. */
export const writersMax = 2 ** 15
const stampFile = 'writer.json'
const Stamp = z.object({ pid: z.int(), startedAt: z.string().nullable() })
/** Names tried for a folder of our own before it is said that something else is wrong. */
const triesMax = 100

export type WriterFolder = { readonly writer: number; readonly folder: string }

/** A spool folder of this process' own, stamped with it from its first moment. */
export async function makeWriterFolder(spoolFolder: string): Promise<WriterFolder> {
  await mkdir(spoolFolder, { recursive: true, mode: 0o700 })
  const begun = path.join(spoolFolder, `.begun-${process.pid}-${randomInt(2 ** 32)}`)
  await mkdir(begun, { mode: 0o700 })
  await writeSynced(path.join(begun, stampFile), JSON.stringify(stampOf(process.pid)))
  for (let tries = 1; ; tries++) {
    const writer = randomInt(1, writersMax)
    const folder = path.join(spoolFolder, String(writer))
    try {
      await rename(begun, folder)
      await syncFolder(spoolFolder)
      return { writer, folder }
    } catch (error) {
      // Another writer has this number: its folder is not empty.
      const { code } = error as NodeJS.ErrnoException
      if (tries === triesMax || (code !== 'ENOTEMPTY' && code !== 'EEXIST')) throw error
    }
  }
}

export async function writerFoldersIn(spoolFolder: string): Promise<readonly string[]> {
  const names = await readdir(spoolFolder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return names.filter((name) => /^\d{1,5}$/.test(name)).map((name) => path.join(spoolFolder, name))
}

async function isLeft(folder: string): Promise<boolean> {
  try {
    const stamp = Stamp.parse(JSON.parse(await readFile(path.join(folder, stampFile), 'utf8')))
    return !isAlive(stamp.pid, stamp.startedAt)
  } catch (error) {
    // Its writer has just given it back.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true
    throw error
  }
}

/** Brings the segments of writers that ended without giving them to the engine into our folder. One process at a time does it. */
export async function takeOver(spoolFolder: string, own: string): Promise<readonly Segment[]> {
  const taken: Segment[] = []
  const left = async (): Promise<readonly string[]> => {
    const others = (await writerFoldersIn(spoolFolder)).filter((folder) => folder !== own)
    const dead = await Promise.all(others.map(isLeft))
    return others.filter((_folder, index) => dead[index] === true)
  }
  if ((await left()).length === 0) return taken
  await withFolderLock(path.join(spoolFolder, 'takeover.lock'), async () => {
    for (const folder of await left()) {
      try {
        for (const segment of await segmentsLeftIn(folder)) taken.push(await moveSegment(segment, own))
        await syncFolder(own)
        await giveBack(folder)
      } catch (error) {
        // Its writer was just giving it back itself.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      }
    }
  })
  return taken
}

async function segmentsLeftIn(folder: string): Promise<readonly Segment[]> {
  const segments: Segment[] = []
  for (const { load, ending } of await loadsIn(folder)) {
    const segment = ending === 'open' ? await recoverOpen(folder, load) : await readSegment(folder, load, ending)
    if (segment !== null) segments.push(segment)
  }
  return segments
}

/** A writer ends: its folder goes when no segment is left in it, and is free to be taken over otherwise. */
export async function giveBack(folder: string): Promise<void> {
  if ((await loadsIn(folder)).length === 0) {
    for (const name of await readdir(folder)) {
      const load = /^(\d+)\./.exec(name)?.[1]
      if (load !== undefined) await removeBesides(folder, Number(load))
    }
  }
  await rm(path.join(folder, stampFile), { force: true })
  await rmdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTEMPTY') throw error
  })
}

/** Digests of all positions that lie in sealed segments of any writer: a piece that another process has stored is not stored again. */
export async function positionsIn(spoolFolder: string): Promise<readonly string[]> {
  const digests: string[] = []
  for (const folder of await writerFoldersIn(spoolFolder)) {
    for (const { load, ending } of await loadsIn(folder).catch(() => [])) {
      if (ending === 'open') continue
      try {
        digests.push(...(await readSegment(folder, load, ending)).positions)
      } catch (error) {
        // Loaded or moved in this moment: then its positions stand in the file of those that are stored, which is read after this.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      }
    }
  }
  return digests
}
