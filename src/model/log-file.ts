import { z } from 'zod'

/** A few bytes of a file by which it is known again. */
export const Mark = z.object({ bytes: z.int(), digest: z.string() })
export type Mark = z.infer<typeof Mark>

/** How far a text was read: what it begins with, what stands before the place where we are, and where that is. */
export const ReadSoFar = z.object({
  /** Names the text in positions of batches: stays the same for as long as it is the same text. */
  id: z.string(),
  head: Mark,
  /** The last bytes before `offset`. */
  tail: Mark,
  /** In bytes of the text: of a compressed file, as it is unpacked. */
  offset: z.int(),
})
export type ReadSoFar = z.infer<typeof ReadSoFar>

/** Where we are in a file that logs are read from. */
export const FilePosition = ReadSoFar.extend({
  source: z.string(),
  path: z.string(),
  /** Numbers of the file system, as text: they may be larger than 2^53. */
  device: z.string(),
  inode: z.string(),
  /** The stretch that was being handed over: repeated exactly when we were interrupted. */
  underWay: z.object({ from: z.int(), to: z.int() }).nullable(),
  /** The lines that name the columns, where the file has such. */
  header: z.string(),
  /** Texts that were in this file before it was emptied, latest first: a copy of one is known by them. */
  before: z.array(ReadSoFar),
  /** A compressed file that was read to its end, as it was then. */
  whole: z.object({ size: z.int(), mtimeMs: z.number() }).nullable(),
  seen: z.iso.datetime(),
})
export type FilePosition = z.infer<typeof FilePosition>

/** Where positions are kept. */
export type FilePositions = {
  /** Of this very file (device and inode) for this source. */
  readonly of: (file: Pick<FilePosition, 'source' | 'device' | 'inode'>) => FilePosition | null
  /** Of files that lie in this folder, for this source. */
  readonly inFolder: (source: string, folder: string) => readonly FilePosition[]
  /** Survives `kill -9` once it has resolved. */
  readonly set: (position: FilePosition) => Promise<void>
}
