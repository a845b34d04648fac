import { copyFile, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { walk } from './segment-format.ts'
import { positionDigest } from './stored-positions.ts'
import { writeSynced } from './synced-files.ts'

/** What stands beside a segment that is raw lines: all of them are of one source. */
export const ChunkOrigin = z.object({
  source: z.string(),
  peer: z.string(),
  receivedMs: z.int(),
  header: z.string(),
  position: z.string(),
})
export type ChunkOrigin = z.infer<typeof ChunkOrigin>

/** Beside a segment of records: bytes of each source, and the positions that its batches have. */
const RecordsOrigin = z.object({
  sources: z.record(z.string(), z.int()),
  positions: z.array(z.string()),
})

/** A file of lines that is whole and on the disk, until the engine has it. */
export type Segment = {
  /** Ascending, and never the same twice on one machine: column `load` of `events`. */
  readonly load: number
  readonly kind: 'records' | 'lines'
  readonly folder: string
  readonly file: string
  readonly bytes: number
  readonly sources: ReadonlyMap<string, number>
  /** Digests of the positions that are remembered for longer than the segment. */
  readonly positions: readonly string[]
  /** Of raw lines only. */
  readonly origin: ChunkOrigin | null
}

const segmentName = /^(\d{1,16})\.(open|records|lines)$/

/** Files that belong to a segment, by their ending. The last ones to appear, and the first to go, are those that make it one. */
export const segmentFile = (folder: string, load: number, ending: SegmentEnding): string =>
  path.join(folder, `${load}.${ending}`)
export type SegmentEnding = 'open' | 'records' | 'lines' | 'lines.part' | 'json' | 'tries'
const besides: readonly SegmentEnding[] = ['lines.part', 'json', 'tries']

/** Segments of a folder, oldest first. */
export async function loadsIn(
  folder: string,
): Promise<readonly { readonly load: number; readonly ending: 'open' | 'records' | 'lines' }[]> {
  const names = await readdir(folder)
  return names
    .flatMap((name) => {
      const [, load, ending] = segmentName.exec(name) ?? []
      return load === undefined ? [] : [{ load: Number(load), ending: ending as 'open' | 'records' | 'lines' }]
    })
    .sort((a, b) => a.load - b.load)
}

/** Gives a segment of records, whose last byte is written, its final name. */
export async function sealRecords(
  folder: string,
  load: number,
  origin: { readonly sources: ReadonlyMap<string, number>; readonly positions: readonly string[] },
): Promise<void> {
  const told: z.infer<typeof RecordsOrigin> = {
    sources: Object.fromEntries(origin.sources),
    positions: [...origin.positions],
  }
  await writeSynced(segmentFile(folder, load, 'json'), JSON.stringify(told))
  await rename(segmentFile(folder, load, 'open'), segmentFile(folder, load, 'records'))
}

/** A segment that was being written when its process ended: cut after its last whole batch, sealed. null: there is no whole batch in it. */
export async function recoverOpen(folder: string, load: number): Promise<Segment | null> {
  const file = segmentFile(folder, load, 'open')
  const bytes = await readFile(file)
  const { wholeBytes, sources, positions } = await walk(bytes)
  if (wholeBytes === 0) {
    await rm(file)
    return null
  }
  if (wholeBytes < bytes.length) await writeSynced(file, bytes.subarray(0, wholeBytes))
  const digests = positions.map(({ source, position }) => positionDigest(source, position))
  await sealRecords(folder, load, { sources, positions: digests })
  return readSegment(folder, load, 'records')
}

/** A sealed segment as it lies there. */
export async function readSegment(folder: string, load: number, kind: 'records' | 'lines'): Promise<Segment> {
  const file = segmentFile(folder, load, kind)
  const { size } = await stat(file)
  const beside = JSON.parse(await readFile(segmentFile(folder, load, 'json'), 'utf8')) as unknown
  if (kind === 'records') {
    const { sources, positions } = RecordsOrigin.parse(beside)
    const bySource = new Map(Object.entries(sources))
    return { load, kind, folder, file, bytes: size, sources: bySource, positions, origin: null }
  }
  const origin = ChunkOrigin.parse(beside)
  const positions = [positionDigest(origin.source, origin.position)]
  return { load, kind, folder, file, bytes: size, sources: new Map([[origin.source, size]]), positions, origin }
}

/** The segment first: what is left beside it means nothing without it. */
export async function removeSegment({ folder, load, file }: Pick<Segment, 'folder' | 'load' | 'file'>): Promise<void> {
  await rm(file, { force: true })
  await removeBesides(folder, load)
}

export async function removeBesides(folder: string, load: number): Promise<void> {
  for (const ending of besides) await rm(segmentFile(folder, load, ending), { force: true })
}

/** Moves a segment with what stands beside it, which is there before it and goes after it: killed in between, it is never without. */
export async function moveSegment(segment: Segment, folder: string): Promise<Segment> {
  for (const ending of ['tries', 'json'] as const) {
    const from = segmentFile(segment.folder, segment.load, ending)
    await copyFile(from, segmentFile(folder, segment.load, ending)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
  }
  const file = segmentFile(folder, segment.load, segment.kind)
  await rename(segment.file, file)
  await removeBesides(segment.folder, segment.load)
  return { ...segment, folder, file }
}
