import path from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { systemClock } from '../kit/clock.ts'
import { isTrouble, problemOf } from '../kit/errors.ts'
import { readTlp, type Tlp, type WarningList } from '../model/intelligence.ts'
import {
  type IntelligenceImported,
  importIntelligenceFile,
  importWarningList,
} from '../playbooks/import-intelligence.ts'
import { openInput } from './import-file.ts'
import { openHouse } from './open-house.ts'
import { progress } from './progress.ts'
import { shownLines, shownText } from './shown-text.ts'

/** Entries that could not be taken, as they are named. */
const skippedShown = 20

type Flags = {
  readonly source?: string
  readonly tlp?: Tlp
  readonly column?: string
  readonly dryRun: boolean
  readonly json: boolean
}

const examples = `
Examples:
  counterfoil import intelligence bundle.json
  counterfoil import intelligence feed.csv --source urlhaus --tlp CLEAR
  counterfoil import intelligence event.json --source "misp circl" --tlp AMBER
  curl -s https://feeds.example.com/list.txt | counterfoil import intelligence - --source blocklist

The form is found out: a STIX 2.1 bundle, an event of MISP, CSV with a header, or a list of one a line (defanged or not).
What a source marks itself keeps its marking; --tlp is for what has none. Importing the same --source again brings it up to date;
what a list no longer names is withdrawn. What cannot be compared is named on stderr.`

/** `counterfoil import intelligence FILE...`. Exit 1 when nothing was taken of one of the files. */
export function importIntelligenceCommand(): Command {
  return new Command('intelligence')
    .description('threat intelligence: STIX 2.1, MISP, CSV, lists')
    .argument('<file...>', 'files; - is stdin')
    .option('--source <name>', 'name of the source; the name of the file when left out')
    .option('--tlp <word>', 'CLEAR, GREEN, AMBER, AMBER+STRICT or RED, for what has no marking of its own', tlpOf)
    .option('--column <name>', 'the column of a CSV that holds them')
    .option('--dry-run', 'say what would be taken and change nothing', false)
    .option('--json', 'print the result as JSON', false)
    .addHelpText('after', examples)
    .action(importAction)
}

function tlpOf(text: string): Tlp {
  const tlp = readTlp(text)
  if (tlp === null) throw new InvalidArgumentError('CLEAR, GREEN, AMBER, AMBER+STRICT or RED')
  return tlp
}

async function importAction(files: readonly string[], flags: Flags): Promise<void> {
  if (flags.source !== undefined && files.length > 1 && !flags.json)
    process.stderr.write(
      `counterfoil: ${files.length} files for one source: of lists, each takes the place of the one before\n`,
    )
  for (const file of files) {
    const { stream, sizeBytes } = openInput(file)
    const name = file === '-' ? 'stdin' : path.parse(file).name
    const bar = progress(`Importing ${name}`, sizeBytes)
    let bytesRead = 0
    stream.on('data', (chunk: string | Buffer) => bar.at((bytesRead += chunk.length)))
    stream.pause()
    const house = await openHouse({ create: true })
    try {
      const taken = await importIntelligenceFile(house.database.db, {
        ...{ stream, source: flags.source ?? name.replaceAll(/[^\p{L}\p{N} ._-]/gu, '-').slice(0, 60) },
        ...{
          tlp: flags.tlp ?? null,
          column: flags.column ?? null,
          by: 'system',
          clock: systemClock,
          dryRun: flags.dryRun,
        },
      })
      bar.end()
      tell(taken, flags.json)
      if (taken.indicators + taken.gone + taken.objects === 0) process.exitCode = 1
    } catch (error) {
      // The files before it are taken already, so that those behind it are too.
      if (!isTrouble(error, 'file.invalid') || files.length === 1) throw error
      bar.end()
      process.stderr.write(`${shownText(file)} is passed over: ${shownLines(problemOf(error))}\n`)
      process.exitCode = 1
    } finally {
      bar.end()
      stream.destroy()
      await house.close()
    }
  }
}

function tell(taken: IntelligenceImported, json: boolean): void {
  for (const { where, why } of taken.skippedSome.slice(0, skippedShown))
    process.stderr.write(`${shownText(where)}: ${shownText(why)}\n`)
  const hidden = taken.skipped - Math.min(taken.skippedSome.length, skippedShown)
  if (hidden > 0) process.stderr.write(`and ${hidden} more that are not compared\n`)
  if (json) {
    process.stdout.write(`${JSON.stringify(taken)}\n`)
    return
  }
  const done = taken.dryRun ? 'would be taken' : 'taken'
  const parts = [
    `${taken.indicators} indicators ${done} (${taken.fresh} new)`,
    ...(taken.withdrawn + taken.gone > 0 ? [`${taken.withdrawn + taken.gone} withdrawn`] : []),
    ...(taken.objects + taken.links > 0 ? [`${taken.objects} threats and markings, ${taken.links} links`] : []),
    `${taken.skipped} not compared`,
  ]
  process.stdout.write(`${taken.source} (${taken.form}): ${parts.join(', ')}\n`)
  if (taken.indicators + taken.gone + taken.objects + taken.skipped === 0)
    process.stderr.write(
      '  It was read to its end, and names nothing that is looked for: docs/intelligence.md says what is read.\n',
    )
}

const warningExamples = `
Example:
  counterfoil import warninglist misp-warninglists/lists/*/list.json

A list says what it knows to be good ("harmless"), or only what something is ("known": sinkholes, throw-away mail). MISP's category tells;
--means says otherwise. Importing a list of the same name takes its place.`

/** `counterfoil import warninglist FILE...`. Exit 1 when none of the files could be taken. */
export function importWarningListCommand(): Command {
  return new Command('warninglist')
    .description('lists of what is known to be good (MISP warning lists)')
    .argument('<file...>', 'files; - is stdin')
    .addOption(new Option('--means <word>', 'what being on it means').choices(['harmless', 'known']))
    .addHelpText('after', warningExamples)
    .action(warningAction)
}

async function warningAction(
  files: readonly string[],
  flags: { readonly means?: WarningList['means'] },
): Promise<void> {
  const house = await openHouse({ create: true })
  try {
    let taken = 0
    for (const file of files) {
      const { stream } = openInput(file)
      try {
        const { list, kept, refused } = await importWarningList(house.database.db, {
          ...{ stream, means: flags.means ?? null, by: 'system', clock: systemClock },
        })
        taken += 1
        for (const { entry, why } of refused.slice(0, skippedShown))
          process.stderr.write(`${shownText(entry)}: ${why}\n`)
        process.stdout.write(
          `${shownText(list.name)}: ${kept} entries (${list.match}, ${list.means}), ${refused.length} refused\n`,
        )
      } catch (error) {
        // MISP publishes lists of what an alert never names; one of a hundred keeps nobody from the others.
        if (!isTrouble(error, 'file.invalid') || files.length === 1) throw error
        process.stderr.write(`${shownText(file)} is passed over: ${shownLines(problemOf(error))}\n`)
      }
    }
    if (taken === 0) process.exitCode = 1
  } finally {
    await house.close()
  }
}
