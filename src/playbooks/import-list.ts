import { Readable } from 'node:stream'
import { mappingNamed, saveMapping } from '../db/list-mappings.ts'
import { replaceList } from '../db/lists.ts'
import type { Db } from '../db/open.ts'
import { lastScan } from '../db/vulnerabilities.ts'
import { countOpen } from '../db/vulnerability-count.ts'
import type { Clock } from '../kit/clock.ts'
import { Trouble } from '../kit/errors.ts'
import { isTimeZone } from '../measure/hours.ts'
import type { Changes, FactOf, ImportResult, ListNoun, RowRead } from '../model/list.ts'
import { columnsOf } from '../parsers/list/columns.ts'
import type { Overrides } from '../parsers/list/mapping.ts'
import { type ListRead, readList } from '../parsers/list/read-list.ts'
import { loadDecisionTable } from './decision-table.ts'

type ImportOptions = {
  readonly noun: ListNoun
  /** The file's bytes as they come: a file, an upload. */
  readonly stream: AsyncIterable<Uint8Array>
  /** Headings for fields, where the guess is not right; an empty list leaves a field out. */
  readonly mapping?: Overrides
  /** A mapping that was kept under this name; `mapping` beats it field by field. */
  readonly mappingName?: string
  /** Keep what the columns were taken for under this name, when rows were taken. */
  readonly saveMappingAs?: string
  /** Name of the list; importing it again replaces its rows. The noun when left out: most have one list of each. */
  readonly source?: string
  /** Who imports: "user:<id>", "system". */
  readonly by: string
  readonly clock: Clock
  /** When the list was true; now when left out. */
  readonly asOf?: Date
  /** The time zone of moments that name none (IANA); UTC when left out. */
  readonly zone?: string
  readonly dryRun?: boolean
  /** A column that is needed may be missing: every row is refused then, and a person sees the columns to choose from. */
  readonly lenient?: boolean
  readonly onProgress?: (rowsRead: number) => void
  /** Sees each row as it was read, before it is stored. */
  readonly onRow?: (row: RowRead<FactOf[ListNoun]>) => void
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
  const zone = options.zone ?? 'UTC'
  if (!isTimeZone(zone)) throw new Trouble('input.invalid', { zone, problem: 'is no time zone like Europe/Berlin' })
  const { form, headings, mapping, unused, rows } = await readList(
    noun,
    options.stream,
    { ...(await keptMapping(db, options)), ...options.mapping },
    { zone, now: clock.now(), lenient: options.lenient ?? false },
  )
  const progress = options.onProgress === undefined ? {} : { onProgress: options.onProgress }
  const list = {
    noun,
    source,
    mapping,
    rows: options.onRow === undefined ? rows : watched(rows, options.onRow),
    by,
    asOf,
    dryRun: options.dryRun ?? false,
    ...progress,
  }
  const result = await replaceList(db, list, clock)
  const name = options.saveMappingAs
  if (name !== undefined && result.taken > 0 && !result.dryRun)
    await saveMapping(db, { noun, name, mapping, by }, clock)
  // Whether a machine faces the internet, and how much it matters, decides by when its weaknesses have to be gone.
  if (noun === 'assets' && result.taken > 0 && !result.dryRun && (await lastScan(db)) !== null)
    await countOpen(db, await loadDecisionTable(), clock)
  return { ...result, form, headings, unused }
}

async function keptMapping(db: Db, { noun, mappingName, saveMappingAs }: ImportOptions): Promise<Overrides> {
  if (saveMappingAs !== undefined && !sourceShape.test(saveMappingAs))
    throw new Trouble('input.invalid', {
      mapping: saveMappingAs,
      problem: 'a name of letters, digits, spaces, dots, dashes',
    })
  if (mappingName === undefined) return {}
  const kept = await mappingNamed(db, noun, mappingName)
  if (kept === null)
    throw new Trouble('input.invalid', { mapping: mappingName, problem: `no mapping of ${noun} has this name` })
  return kept
}

async function* watched<T>(rows: AsyncIterable<T>, onRow: (row: T) => void): AsyncGenerator<T> {
  for await (const row of rows) {
    onRow(row)
    yield row
  }
}

/** Rows shown before an import is taken: enough to see a column in the wrong field. */
const sampleRows = 5
/** Parts the headings of a field that several columns fill, where one text must say them. */
const between = ' + '

/** An upload's import, as the page shows it. Each `mapping` value is a heading, or several with " + " between; "" leaves the field out. */
type Upload = {
  readonly noun: ListNoun
  readonly columns: string[]
  readonly mapping: Record<string, string>
  readonly fields: string[]
  readonly rowsIn: number
  readonly rowsTaken: number
  readonly changes: Changes
  readonly refused: { row: number; why: string }[]
  readonly sample: Record<string, unknown>[]
}

/**
 * Imports an uploaded file, or (`dryRun`) says what would come of it. The list is named after its noun, whatever the file is called:
 * next month's file replaces this month's.
 */
export async function importUpload(
  db: Db,
  upload: {
    readonly noun: ListNoun
    readonly bytes: Uint8Array
    readonly mapping: Readonly<Record<string, string>> | null
    readonly mappingName?: string | undefined
    readonly saveMappingAs?: string | undefined
    readonly list?: string | undefined
    readonly zone?: string | undefined
    readonly dryRun: boolean
    readonly by: string
  },
  clock: Clock,
): Promise<Upload> {
  const { noun, dryRun, by } = upload
  const sample: Record<string, unknown>[] = []
  const mapping = Object.entries(upload.mapping ?? {}).map(
    ([field, text]) => [field, text === '' ? [] : text.split(between)] as const,
  )
  const imported = await importList(db, {
    ...{
      noun,
      dryRun,
      lenient: dryRun,
      by,
      clock,
      stream: Readable.from([upload.bytes]),
      mapping: Object.fromEntries(mapping),
    },
    ...(upload.mappingName === undefined ? {} : { mappingName: upload.mappingName }),
    ...(upload.saveMappingAs === undefined ? {} : { saveMappingAs: upload.saveMappingAs }),
    ...(upload.list === undefined ? {} : { source: upload.list }),
    ...(upload.zone === undefined ? {} : { zone: upload.zone }),
    onRow: (row) => {
      if ('fact' in row && sample.length < sampleRows) sample.push(row.fact)
    },
  })
  return {
    noun,
    columns: [...imported.headings],
    mapping: Object.fromEntries(
      Object.entries(imported.mapping).map(([field, headings]) => [field, headings.join(between)]),
    ),
    fields: columnsOf[noun].map((column) => column.field),
    rowsIn: imported.rowsIn,
    rowsTaken: imported.taken,
    changes: imported.changes,
    refused: imported.refused.map(({ row, column, problem, value }) => ({
      row,
      why: `${column}: ${value === '' ? '' : `"${value}" `}${problem}`,
    })),
    sample,
  }
}
