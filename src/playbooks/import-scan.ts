import type { Db } from '../db/open.ts'
import { type ScanTaken, takeScan } from '../db/scans.ts'
import { countOpen } from '../db/vulnerability-count.ts'
import type { Clock } from '../kit/clock.ts'
import { Trouble } from '../kit/errors.ts'
import { readScan } from '../parsers/scan/read-scan.ts'
import { loadDecisionTable } from './decision-table.ts'

const sourceShape = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,99}$/u

type ScanOptions = {
  /** The report's bytes as they come: a file, an upload. */
  readonly stream: AsyncIterable<Uint8Array>
  /** Name of the scan programme; its next report follows on this one. The scanner's name when left out. */
  readonly source?: string
  readonly by: string
  readonly clock: Clock
  /** When it was scanned, where the report does not say; now when left out. */
  readonly asOf?: Date
  /** The report has every machine of its source. */
  readonly isWhole?: boolean
  readonly onProgress?: (rows: number) => void
}

/** Imports a scanner's report, for the command line and the web alike. Throws Trouble('input.invalid') for what is no report that is known. */
export async function importScan(db: Db, options: ScanOptions): Promise<ScanTaken> {
  const { clock, by } = options
  const asOf = options.asOf ?? clock.now()
  if (asOf > clock.now())
    throw new Trouble('input.invalid', { asOf: asOf.toISOString(), problem: 'lies in the future' })
  const { format, scanner, events } = await readScan(options.stream)
  const source = options.source ?? scanner
  if (!sourceShape.test(source))
    throw new Trouble('input.invalid', { source, problem: 'a name of letters, digits, spaces, dots, dashes' })
  const progress = options.onProgress === undefined ? {} : { onProgress: options.onProgress }
  const table = await loadDecisionTable()
  const scan = { source, scanner, format, events, by, asOf, isWhole: options.isWhole ?? false, ...progress }
  const taken = await takeScan(db, scan, clock)
  await countOpen(db, table, clock)
  return taken
}
