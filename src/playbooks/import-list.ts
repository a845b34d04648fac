import { replaceList } from '../db/lists.ts'
import type { Db } from '../db/open.ts'
import type { Clock } from '../kit/clock.ts'
import { Trouble } from '../kit/errors.ts'
import type { ImportResult, ListNoun } from '../model/list.ts'
import type { Overrides } from '../parsers/list/mapping.ts'
import { type ListRead, readList } from '../parsers/list/read-list.ts'

export type ImportOptions = {
  readonly noun: ListNoun
  /** The file's bytes as they come: a file, an upload. */
  readonly stream: AsyncIterable<Uint8Array>
  /** Headings for fields, where the guess is not right; an empty list leaves a field out. */
  readonly mapping?: Overrides
  /** Name of the list; importing it again replaces its rows. The noun when left out: most have one list of each. */
  readonly source?: string
  /** Who imports: "user:<id>", "system". */
  readonly by: string
  readonly clock: Clock
  /** When the list was true; now when left out. */
  readonly asOf?: Date
  readonly dryRun?: boolean
  readonly onProgress?: (rowsRead: number) => void
}

/** What an import came to, and how the file was read. */
export type Imported = ImportResult & Pick<ListRead<ListNoun>, 'form' | 'headings' | 'unused'>

const sourceShape = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,99}$/u

/**
 * Imports a list of assets, people or networks, for the command line and the web alike: good rows are taken, bad ones listed, all in
 * one transaction with its ledger line. Throws Trouble('input.invalid') for a file that is no such list.
 */
export async function importList(db: Db, options: ImportOptions): Promise<Imported> {
  const { noun, clock, by } = options
  const source = options.source ?? noun
  if (!sourceShape.test(source))
    throw new Trouble('input.invalid', { source, problem: 'a name of letters, digits, spaces, dots, dashes' })
  const asOf = options.asOf ?? clock.now()
  if (asOf.getTime() > clock.now().getTime())
    throw new Trouble('input.invalid', { asOf: asOf.toISOString(), problem: 'lies in the future' })
  const { form, headings, mapping, unused, rows } = await readList(noun, options.stream, options.mapping ?? {})
  const progress = options.onProgress === undefined ? {} : { onProgress: options.onProgress }
  const list = { noun, source, mapping, rows, by, asOf, dryRun: options.dryRun ?? false, ...progress }
  return { ...(await replaceList(db, list, clock)), form, headings, unused }
}
