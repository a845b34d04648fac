import type { Command } from 'commander'
import type { ScanTaken } from '../db/scans.ts'
import { systemClock } from '../kit/clock.ts'
import { isTrouble } from '../kit/errors.ts'
import { importScan } from '../playbooks/import-scan.ts'
import { openInput, readDate, unreadable } from './import-file.ts'
import { type OpenHouse, openHouse } from './open-house.ts'
import { progress } from './progress.ts'

/** Refused rows that are printed; the rest is counted. */
const shownMax = 20

const help = `
Reads Nessus and Tenable (.nessus, CSV), Qualys (XML, CSV), OpenVAS and Greenbone (XML, CSV), Rapid7 and Nexpose (XML, CSV), Nmap (XML), Microsoft
Defender (JSON, CSV) and Alert Logic (CSV); the format is told from the content.

The next report of the same --source follows on this one: what it no longer finds on a machine that it scanned counts as fixed then. Give each
scan programme a name of its own where several look at the same machines with different eyes. Importing a report again changes nothing.

Examples:
  counterfoil import scan weekly.nessus
  counterfoil import scan dmz-*.xml --source qualys-dmz
  counterfoil import scan machines.json --as-of 2026-11-01 --whole`

type Flags = { source?: string; asOf?: Date; whole: boolean; json: boolean }

/** `counterfoil import scan FILE...`. Exit 1 when a report could not be read. */
export function addScanCommand(command: Command): void {
  command
    .command('scan')
    .description('reports of vulnerability scanners: what is open on which machine, since when, fixed when')
    .argument('<file...>', 'reports; - is stdin')
    .option('--source <name>', "name of the scan programme; the scanner's name when left out")
    .option('--as-of <date>', 'when it was scanned, where the report does not say; now when left out', readDate)
    .option(
      '--whole',
      'each report has every machine of its source: a machine that is not in it any more has nothing open',
      false,
    )
    .option('--json', 'print the results as JSON, one object a line', false)
    .addHelpText('after', help)
    .action(scanAction)
}

async function scanAction(files: readonly string[], flags: Flags): Promise<void> {
  const house = await openHouse({ create: true })
  try {
    for (const file of files) tell(file, await importFile(house, file, flags), flags.json)
  } finally {
    await house.close()
  }
}

async function importFile(house: OpenHouse, file: string, flags: Flags): Promise<ScanTaken> {
  const { stream, sizeBytes } = openInput(file)
  const bar = progress(`Importing ${file}`, sizeBytes)
  let bytesRead = 0
  stream.on('data', (chunk: string | Buffer) => bar.at((bytesRead += chunk.length)))
  stream.pause()
  try {
    return await importScan(house.database.db, {
      stream,
      by: 'system',
      clock: systemClock,
      isWhole: flags.whole,
      ...(flags.source === undefined ? {} : { source: flags.source }),
      ...(flags.asOf === undefined ? {} : { asOf: flags.asOf }),
    })
  } catch (error) {
    if (!isTrouble(error) && error instanceof Error && 'syscall' in error) throw unreadable(file, error)
    throw error
  } finally {
    bar.end()
    stream.destroy()
  }
}

/** The result to stdout, what was refused to stderr. */
function tell(file: string, taken: ScanTaken, json: boolean): void {
  for (const { at, problem } of taken.refused.slice(0, shownMax)) process.stderr.write(`${file}, ${at}: ${problem}\n`)
  if (taken.refusedRows > shownMax) process.stderr.write(`and ${taken.refusedRows - shownMax} more like these\n`)
  if (json) {
    process.stdout.write(`${JSON.stringify(taken)}\n`)
    return
  }
  const { format, source, rows, hosts, checks, opened, closed, refusedRows, scannedTo, untimedHosts } = taken
  const lines = [
    `${file}: ${format}, source ${source}: ${rows} rows of ${hosts} machines and ${checks} checks, ${opened} new, ${closed} no longer found`,
    ...(scannedTo === null ? [] : [`  last scan in it: ${scannedTo.slice(0, 16).replace('T', ' ')} UTC`]),
    ...(untimedHosts === 0
      ? []
      : ['  machines whose time of scan the report does not say: counted as of --as-of, or now']),
    ...(refusedRows === 0
      ? []
      : [`  ${refusedRows} rows could not be read, so nothing was closed: a row that we miss is no patch`]),
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}
