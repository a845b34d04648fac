import { Command, InvalidArgumentError } from 'commander'
import { systemClock } from '../kit/clock.ts'
import { isTrouble } from '../kit/errors.ts'
import type { ListNoun } from '../model/list.ts'
import { columnsOf } from '../parsers/list/columns.ts'
import { type Imported, importList } from '../playbooks/import-list.ts'
import { importAttackCommand } from './import-attack.ts'
import { addFeedCommands } from './import-feed.ts'
import { openInput, readDate, unreadable } from './import-file.ts'
import { importIntelligenceCommand, importWarningListCommand } from './import-intelligence.ts'
import { addScanCommand } from './import-scan.ts'
import { openHouse } from './open-house.ts'
import { progress } from './progress.ts'

const nouns: Record<ListNoun, string> = {
  assets: 'machines, services and applications: name, addresses, owner, criticality...',
  people: 'people and their accounts',
  networks: 'our own address ranges',
  leases: 'who had an address when: DHCP and VPN',
  calendar: 'what is planned: changes, tests, exercises, absences',
}
/** Refused cells that are printed; the rest is counted. A screen of them is enough to see what is wrong. */
const shownMax = 50

const examples = `
Examples:
  counterfoil import assets assets.csv
  counterfoil import assets cmdb.csv --source cmdb --map name="Host Name" --map criticality="BIA" --dry-run
  counterfoil import people people.csv --map accounts=Login --map accounts=UPN
  counterfoil import networks ranges.csv --json
  counterfoil import leases dhcp.csv --source dhcp-hq --zone Europe/Berlin
  counterfoil import calendar changes.csv --source changes
  counterfoil import assets cmdb.xlsx --source cmdb --map name="Host Name" --save-mapping cmdb
  counterfoil import assets cmdb.xlsx --source cmdb --mapping cmdb
  counterfoil import scan weekly.nessus
  counterfoil import kev known_exploited_vulnerabilities.json

The columns are guessed from their headings (English and German); --map says otherwise, and --map field= leaves a field out.
Encoding (UTF-8, UTF-16, Windows-1252) and delimiter (; , TAB |) are found out. "-" reads stdin.
Importing the same --source again replaces its rows (leases add up, and past entries of a calendar stay). Rows that cannot be taken are listed on stderr.`

/** `counterfoil import assets|people|networks|leases|calendar FILE`. Exit 1 when nothing was taken, 0 otherwise, 2 for a wrong call. */
export function importCommand(): Command {
  const command = new Command('import').description(
    'Import what only you know: your assets, people, networks, leases and calendar; and threat intelligence.',
  )
  // Before the subcommands are made: they inherit it, and a wrong call then exits 2.
  command.addHelpText('after', examples).exitOverride()
  for (const noun of Object.keys(nouns) as ListNoun[]) {
    command
      .command(noun)
      .description(nouns[noun])
      .argument('<file>', 'CSV or XLSX file with headings (calendar: iCalendar too); - is stdin')
      .option('--map <field=heading>', 'which column fills a field; may be repeated', addMapping, {})
      .option('--mapping <name>', 'use the mapping that was saved under this name')
      .option('--save-mapping <name>', 'save this mapping for the next file')
      .option('--source <name>', 'name of this list, where you have several', noun)
      .option('--zone <name>', 'time zone of moments that name none, such as Europe/Berlin', 'UTC')
      .option('--as-of <date>', 'when the list was true (ISO 8601); now when left out', readDate)
      .option('--dry-run', 'say what would be taken and change nothing', false)
      .option('--json', 'print the result as JSON', false)
      .addHelpText(
        'after',
        `\nFields:\n${columnsOf[noun].map((column) => `  ${column.field.padEnd(12)} ${column.says}`).join('\n')}`,
      )
      .action((file: string, flags: Flags) => importAction(noun, file, flags))
  }
  addScanCommand(command)
  addFeedCommands(command)
  command.addCommand(importAttackCommand().exitOverride())
  command.addCommand(importIntelligenceCommand().exitOverride())
  command.addCommand(importWarningListCommand().exitOverride())
  return command
}

type Mapped = Readonly<Record<string, readonly string[]>>
type Flags = {
  map: Mapped
  mapping?: string
  saveMapping?: string
  source: string
  zone: string
  asOf?: Date
  dryRun: boolean
  json: boolean
}

function addMapping(text: string, before: Mapped): Mapped {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('write it as field="Heading"')
  const [field, heading] = [text.slice(0, at).trim(), text.slice(at + 1).trim()]
  return { ...before, [field]: heading === '' ? [] : [...(before[field] ?? []), heading] }
}

async function importAction(noun: ListNoun, file: string, flags: Flags): Promise<void> {
  // The file first: whoever mistypes its name should not wait for a database.
  const { stream, sizeBytes } = openInput(file)
  const bar = progress(`Importing ${noun}`, sizeBytes)
  let bytesRead = 0
  stream.on('data', (chunk: string | Buffer) => bar.at((bytesRead += chunk.length)))
  stream.pause()
  const house = await openHouse({ create: true })
  try {
    const result = await importList(house.database.db, {
      noun,
      stream,
      mapping: flags.map,
      ...(flags.mapping === undefined ? {} : { mappingName: flags.mapping }),
      ...(flags.saveMapping === undefined ? {} : { saveMappingAs: flags.saveMapping }),
      source: flags.source,
      zone: flags.zone,
      by: 'system',
      clock: systemClock,
      dryRun: flags.dryRun,
      ...(flags.asOf === undefined ? {} : { asOf: flags.asOf }),
    })
    bar.end()
    tell(result, flags.json)
    process.exitCode = result.taken > 0 ? 0 : 1
  } catch (error) {
    if (!isTrouble(error) && error instanceof Error && 'syscall' in error) throw unreadable(file, error)
    throw error
  } finally {
    bar.end()
    stream.destroy()
    await house.close()
  }
}

/** The result to stdout, what was refused to stderr. */
function tell(result: Imported, json: boolean): void {
  for (const { row, column, problem, value } of result.refused.slice(0, shownMax)) {
    process.stderr.write(`row ${row}, ${column}: ${value === '' ? '' : `"${value}" `}${problem}\n`)
  }
  const hidden = result.refused.length - shownMax
  if (hidden > 0) process.stderr.write(`and ${hidden} more like these\n`)
  if (json) {
    process.stdout.write(`${JSON.stringify(result)}\n`)
    return
  }
  const columns = Object.entries(result.mapping)
    .filter(([, headings]) => headings.length > 0)
    .map(([field, headings]) => `  ${field.padEnd(12)} <- ${headings.join(', ')}`)
  const unused = result.unused.length === 0 ? [] : [`  not used     ${result.unused.join(', ')}`]
  const done = result.dryRun ? 'would be taken' : 'taken'
  const replaced = result.replaced === 0 || result.taken === 0 ? '' : `, in place of ${result.replaced} rows of before`
  const kept = result.taken === 0 ? '; what was there stays' : ''
  const summary = `${result.noun} (${result.source}): ${result.rowsIn} rows, ${result.taken} ${done}, ${result.refusedRows} refused${replaced}${kept}`
  const { added, changed, gone } = result.changes
  const changes = `  ${added} new, ${changed} changed, ${gone} gone`
  process.stdout.write([summary, changes, ...columns, ...unused, ''].join('\n'))
}
