import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { writerFoldersIn, writersMax } from './writer-folder.ts'

/** How far the engine is behind, seen from outside: of all writers of a lake. */
export type SpoolNews = {
  readonly segments: number
  readonly bytes: number
  /** When the oldest line came that the engine does not have yet; null when it has all. */
  readonly oldest: string | null
  /** Segments that were set aside, because the engine refused even their bare lines; and their bytes. */
  readonly failedSegments: number
  readonly failedBytes: number
  /** When the newest line of them came; null: there are none. */
  readonly failedNewest: string | null
}

/** Where a lake's spool and what was set aside of it lie. */
export const spoolFolderOf = (lakeFolder: string): string => path.join(lakeFolder, 'spool')
export const failedFolderOf = (lakeFolder: string): string => path.join(lakeFolder, 'failed')

const segmentName = /^(\d{1,16})\.(?:open|records|lines)$/

/** Counts what waits in a lake's folder, whoever put it there. */
export async function spoolNews(lakeFolder: string): Promise<SpoolNews> {
  let [segments, bytes, oldestMs] = [0, 0, Infinity]
  for (const folder of await writerFoldersIn(spoolFolderOf(lakeFolder))) {
    const there = await segmentsIn(folder)
    segments += there.length
    bytes += there.reduce((sum, segment) => sum + segment.bytes, 0)
    oldestMs = Math.min(oldestMs, ...there.map(receivedMs))
  }
  const failed = await segmentsIn(failedFolderOf(lakeFolder))
  return {
    segments,
    bytes,
    oldest: isoOrNull(oldestMs),
    failedSegments: failed.length,
    failedBytes: failed.reduce((sum, segment) => sum + segment.bytes, 0),
    failedNewest: isoOrNull(Math.max(-Infinity, ...failed.map(receivedMs))),
  }
}

/** A load's number begins with the time of its first line, in hundredths of a second. */
function receivedMs({ load }: { readonly load: number }): number {
  return Math.floor(load / writersMax) * 10
}

function isoOrNull(ms: number): string | null {
  return Number.isFinite(ms) ? new Date(ms).toISOString() : null
}

async function segmentsIn(folder: string): Promise<readonly { readonly load: number; readonly bytes: number }[]> {
  const names = await readdir(folder).catch(orNone)
  const found = await Promise.all(
    names.map(async (name) => {
      const load = segmentName.exec(name)?.[1]
      // An open segment without a line, or one that went in this moment.
      const size =
        load === undefined ? 0 : await stat(path.join(folder, name)).then(({ size: bytes }) => bytes, orNothing)
      return load === undefined || size === 0 ? [] : [{ load: Number(load), bytes: size }]
    }),
  )
  return found.flat()
}

function orNone(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return []
  throw error
}

function orNothing(error: NodeJS.ErrnoException): number {
  if (error.code === 'ENOENT') return 0
  throw error
}
