import {
  type IntelligenceTaken,
  importIntelligence,
  noteFetch,
  type SourceSettings,
} from '../db/intelligence-import.ts'
import type { Db } from '../db/open.ts'
import { replaceWarningList } from '../db/warning-lists.ts'
import type { Clock } from '../kit/clock.ts'
import { Trouble } from '../kit/errors.ts'
import type { IntelligenceRead, Tlp, WarningList } from '../model/intelligence.ts'
import { hostOf } from '../observables/normal.ts'
import { type IntelligenceForm, openIntelligence } from '../parsers/intelligence/read.ts'
import { type ReadWarningList, readWarningList, warningListBytesMax } from '../parsers/intelligence/warning-list.ts'

/** A file that nobody imported anew for a quarter says little by its silence. */
const fileStaleAfterHours = 92 * 24

export type IntelligenceFile = {
  /** Bytes as they come: a file, an upload, a pipe. */
  readonly stream: AsyncIterable<Uint8Array>
  /** Name of the source; importing it again brings it up to date. */
  readonly source: string
  /** For what comes without a marking of its own. */
  readonly tlp: Tlp | null
  readonly column: string | null
  readonly by: string
  readonly clock: Clock
  readonly dryRun: boolean
  readonly onProgress?: (read: number) => void
}

export type IntelligenceImported = IntelligenceTaken & { readonly form: IntelligenceForm }

/** Fits an index beside the value, and is read by people. */
export const sourceName = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,59}$/u

/**
 * Imports a file of intelligence. A list is the whole of what its source has: what it no longer names is withdrawn. Bundles and events
 * say for themselves what is over. Throws Trouble('input.invalid' | 'input.too-large' | 'state.conflict').
 */
export async function importIntelligenceFile(db: Db, file: IntelligenceFile): Promise<IntelligenceImported> {
  if (!sourceName.test(file.source))
    throw new Trouble('input.invalid', {
      source: file.source,
      problem: 'a name of up to 60 letters, digits, spaces, dots, dashes',
    })
  const { form, reads } = await openIntelligence(file.stream, file.column)
  const source: SourceSettings = {
    ...{ id: file.source, kind: 'file', title: file.source, tlp: file.tlp, staleAfterHours: fileStaleAfterHours },
  }
  const taken = await takeIntelligence(db, { source, reads, isWhole: form === 'list', file })
  return { ...taken, form }
}

async function takeIntelligence(
  db: Db,
  given: {
    readonly source: SourceSettings
    readonly reads: AsyncIterable<IntelligenceRead>
    readonly isWhole: boolean
    readonly file: IntelligenceFile
  },
): Promise<IntelligenceTaken> {
  const { source, reads, isWhole, file } = given
  const { by, clock, dryRun } = file
  const progress = file.onProgress === undefined ? {} : { onProgress: file.onProgress }
  const taken = await importIntelligence(
    db,
    { source, reads, isWhole, by, inLedger: true, dryRun, hostOf: hostName, ...progress },
    clock,
  )
  if (!dryRun && taken.indicators > 0) await noteFetch(db, source, { ok: true }, clock)
  return taken
}

/** The host of a URL as it is kept beside it. */
export function hostName(url: string): string | null {
  return hostOf(url)?.value ?? null
}

/** Imports a warning list of MISP in place of the one of that name. */
export async function importWarningList(
  db: Db,
  file: {
    readonly stream: AsyncIterable<Uint8Array>
    readonly means: WarningList['means'] | null
    readonly by: string
    readonly clock: Clock
  },
): Promise<ReadWarningList & { readonly kept: number }> {
  const pieces: Uint8Array[] = []
  let count = 0
  for await (const piece of file.stream) {
    count += piece.length
    if (count > warningListBytesMax)
      throw new Trouble('input.too-large', { mostMiB: warningListBytesMax / 1024 / 1024 })
    pieces.push(piece)
  }
  const read = readWarningList(Buffer.concat(pieces).toString(), file.means)
  if (read.entries.length === 0)
    throw new Trouble('file.invalid', {
      list: read.list.name,
      problem: `not one entry can be used: ${read.refused[0]?.why ?? 'it is empty'}`,
    })
  return { ...read, kept: await replaceWarningList(db, read.list, read.entries, file.by, file.clock) }
}
