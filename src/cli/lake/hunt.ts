import { createReadStream } from 'node:fs'
import { Command } from 'commander'
import { Trouble, wordsOf } from '../../kit/errors.ts'
import { type Hit, type HuntResult, hunt } from '../../lake/hunt/hunt.ts'
import { listBytesMax, type ReadIndicators, readIndicators } from '../../lake/hunt/read-indicators.ts'
import { progress } from '../progress.ts'
import { shownText } from '../shown-text.ts'
import { readMoment, sayWhatWaits, table, withLake } from './reading.ts'

/** Hits in the table; `--json` has all. */
const shownMax = 200
/** Lines of the list that could not be read, as they are named. */
const notReadShown = 5

type Flags = {
  readonly iocs: string
  readonly column?: string
  readonly from?: Date
  readonly to?: Date
  readonly json: boolean
}

const examples = `
A list has one indicator a line (defanged or not), or is CSV with a header, a STIX 2.1 bundle, or running text: addresses,
networks, domains, URLs, hashes, mail addresses, host names, accounts. Days are whole (UTC).

Examples:
  counterfoil lake hunt --iocs feed.txt
  counterfoil lake hunt --iocs feed.csv --column indicator --from -90d
  pbpaste | counterfoil lake hunt --iocs - --json | jq '.hits[].indicator'

Exit codes: 0 looked (hits or none), 1 could not look, 2 the call was wrong.`

/** `counterfoil lake hunt --iocs FILE`. */
export function huntCommand(): Command {
  return new Command('hunt')
    .description('Look for a list of indicators in everything that is kept.')
    .requiredOption('--iocs <file>', 'the list; - is stdin')
    .option('--column <name>', 'the column of a CSV that holds them')
    .option('--from <time>', 'ISO 8601, or back from now: -90d; everything where left out', readMoment)
    .option('--to <time>', 'up to here; now where left out', readMoment)
    .option('--json', 'print the result as JSON', false)
    .addHelpText('after', examples)
    .action(huntAction)
}

async function huntAction(flags: Flags): Promise<void> {
  const list = await readIndicators(await bytesOf(flags.iocs), flags.column ?? null)
  if (list.indicators.length === 0) {
    throw new Trouble('input.invalid', { file: flags.iocs, problem: 'there is no indicator in this list' })
  }
  await withLake(async ({ engine, folder }) => {
    const now = new Date()
    const window =
      flags.from === undefined && flags.to === undefined
        ? null
        : { from: (flags.from ?? new Date(0)).toISOString(), to: (flags.to ?? now).toISOString() }
    const bar = progress('Hunting for indicators', null)
    bar.at(list.indicators.length)
    const result = await hunt(engine, { indicators: list.indicators, window, now }).finally(() => bar.end())
    if (flags.json) {
      process.stdout.write(`${JSON.stringify({ ...result, notRead: list.notRead, notReadInAll: list.notReadInAll })}\n`)
    } else tell(result, list)
    await sayWhatWaits(folder)
  })
}

function tell(result: HuntResult, list: ReadIndicators): void {
  const { hits, indicators, misses, window, warnings, ms } = result
  if (hits.length > 0) {
    process.stdout.write(
      table(['indicator', 'count', 'first', 'last', 'sources', 'seen on'], hits.slice(0, shownMax).map(rowOf)),
    )
  }
  const time = window === null ? 'in all that is kept' : `from ${window.from} to ${window.to} (whole days)`
  const lines = [
    ...(hits.length > shownMax ? [`${hits.length - shownMax} more hits: --json lists all`] : []),
    `${hits.length} of ${indicators} indicators were seen, ${misses} were not, ${time}; ${Math.round(ms)} ms`,
    ...(list.notReadInAll > 0 ? [`${list.notReadInAll} entries of the list are no indicator:`] : []),
    ...list.notRead
      .slice(0, notReadShown)
      // Of a STIX pattern its name stands in the reason already.
      .map(
        ({ line, text, why }) =>
          `  line ${line}: ${why.includes(text) ? shownText(why) : `${shownText(text)} (${why})`}`,
      ),
    ...warnings.map((warning) => `A miss may still have been there: ${warning}`),
  ]
  process.stderr.write(lines.map((line) => `counterfoil: ${line}\n`).join(''))
}

function rowOf(hit: Hit): string[] {
  const some = (all: readonly string[]): string =>
    shownText(all.length > 3 ? `${all.slice(0, 3).join(', ')} +${all.length - 3}` : all.join(', '))
  return [
    shownText(hit.indicator),
    String(hit.count),
    hit.first,
    hit.last,
    some(hit.sources.map((one) => one.source)),
    hit.hosts === null ? '(not looked up)' : some(hit.hosts),
  ]
}

async function bytesOf(file: string): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  try {
    for await (const chunk of (file === '-' ? process.stdin : createReadStream(file)) as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length
      if (sizeBytes > listBytesMax) throw new Trouble('input.too-large', { file, mostMiB: listBytesMax / 1024 / 1024 })
      chunks.push(chunk)
    }
  } catch (error) {
    throw error instanceof Trouble ? error : new Trouble('file.unreadable', { file, problem: wordsOf(error) }, error)
  }
  return Buffer.concat(chunks)
}
