import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { readSettings } from '../../config/config.ts'
import { headerOf } from '../../intake/log-files/header.ts'
import { fixedClock, systemClock } from '../../kit/clock.ts'
import { Trouble, wordsOf } from '../../kit/errors.ts'
import type { Lake } from '../../lake/open.ts'
import { loadLogParsers, type ParserFile, readParserFiles } from '../../lake/parse/parser-files.ts'
import { search, searchEventsMax } from '../../lake/search/search.ts'
import { saveSource } from '../../lake/sources.ts'
import { type LogEvent, LogSource } from '../../model/lake.ts'
import type { LogParser } from '../../model/log-parser.ts'
import { shownText } from '../shown-text.ts'
import { table } from './reading.ts'
import { withSpareLake } from './spare-lake.ts'

/** What a sample's line without a year is read against: it counts as received at this moment, wherever and whenever it is checked. */
export const samplesReceived = '2026-11-23T12:00:00.000Z'
/** What a person looks through after a try; more is a matter of `lake ingest`. */
const linesMax = 1_000
const fileBytesMax = 16 * 1024 * 1024
/** Whenever the lines say they were. */
const ever = { from: '1990-01-01T00:00:00.000Z', to: '2200-01-01T00:00:00.000Z' }

const listed = `
Examples:
  counterfoil lake parsers list
  counterfoil lake parsers list --json | jq -r '.[] | select(.own) | .id'`
const checked = `
A file is checked as the server would check it, then its samples are read by a real engine, beside all other parsers.

Examples:
  counterfoil lake parsers check acme-gate.yaml
  counterfoil lake parsers check /etc/counterfoil/parsers

Exit codes: 0 all samples are read as they say, 1 not, 2 the call was wrong.`
const tried = `
Nothing is stored. The parsers are those that come along, those of lake.parsers, and those that --with names.

Examples:
  counterfoil lake parsers try /var/log/gate.log
  counterfoil lake parsers try gate.log --with acme-gate.yaml
  tail -5 gate.log | counterfoil lake parsers try - --parser generic-kv

Exit codes: 0 every line is read by a parser, 1 some are read by none, 2 the call was wrong.`

/** `counterfoil lake parsers list|check|try`. */
export function parsersCommand(): Command {
  const group = new Command('parsers').description('List the log parsers, check one of your own, try lines.')
  group.exitOverride().addHelpText('after', `\nHow to write one: docs/log-parsers.md.\n${listed}`)
  group
    .command('list', { isDefault: true })
    .description('List the parsers of this installation, in the order in which they are tried.')
    .option('--json', 'print them as JSON', false)
    .addHelpText('after', listed)
    .action(({ json }: { readonly json: boolean }) => list(json))
  group
    .command('check')
    .description('Check parsers, and read their samples.')
    .argument('<path...>', 'parsers (YAML): files or folders')
    .addHelpText('after', checked)
    .action(check)
  group
    .command('try')
    .description(`Show how the first ${linesMax.toLocaleString('en')} lines of a file are read.`)
    .argument('<file>', 'lines; - is stdin')
    .option('--with <path...>', 'parsers of your own that are not in counterfoil.yaml yet')
    .option('--parser <id>', 'the parser that reads every line; each line is recognised when left out')
    .option('--json', 'print events as JSON, one a line', false)
    .addHelpText('after', tried)
    .action(tryLines)
  return group
}

async function list(json: boolean): Promise<void> {
  const [ours, all] = await Promise.all([loadLogParsers(), loadLogParsers(readSettings().config.lake.parsers)])
  const rows = all
    .map((parser) => ({ ...parser, own: !ours.some(({ id, title }) => id === parser.id && title === parser.title) }))
    .sort((a, b) => a.order - b.order)
    .map(({ id, order, title, own }) => ({ id, order, title, own }))
  if (json) process.stdout.write(`${JSON.stringify(rows)}\n`)
  else
    process.stdout.write(
      table(
        ['parser', 'order', 'reads', ''],
        rows.map((row) => [row.id, String(row.order), row.title, row.own ? 'your own' : '']),
      ),
    )
}

/** Ours and the configured ones with the given ones among them, as they would be after a restart. */
async function parsersWith(paths: readonly string[]): Promise<readonly LogParser[]> {
  return loadLogParsers([...readSettings().config.lake.parsers, ...paths])
}

async function check(paths: readonly string[]): Promise<void> {
  const files = await readParserFiles(paths, await loadLogParsers())
  if (files.length === 0)
    throw new Trouble('input.invalid', { paths: [...paths], problem: 'there is no .yaml file in it' })
  const problems = files.flatMap(({ file, issues }) =>
    issues.map(({ line, column, where, problem }) => `${file}:${line}:${column} ${where}: ${problem}`),
  )
  const given = files.flatMap(({ parser }) => parser ?? [])
  // A parser that is configured already is given a second time here, and would be refused as that.
  const others = (await loadLogParsers()).filter(({ id }) => !given.some((one) => one.id === id))
  const misread = given.length === 0 ? [] : await misreadSamples(files, [...others, ...given])
  for (const problem of [...problems, ...misread]) process.stdout.write(`${problem}\n`)
  const samples = given.reduce((sum, parser) => sum + parser.samples.length, 0)
  const wrong = problems.length + misread.length
  process.stdout.write(`${files.length} parsers, ${samples} samples: ${wrong === 0 ? 'all well' : `${wrong} wrong`}\n`)
  process.exitCode = wrong === 0 ? 0 : 1
}

/** What each sample says that is not so. */
async function misreadSamples(files: readonly ParserFile[], parsers: readonly LogParser[]): Promise<readonly string[]> {
  const samples = files.flatMap(({ file, parser }) =>
    (parser?.samples ?? []).map((sample, at) => ({ file, id: parser?.id ?? '', sample, at })),
  )
  if (samples.length > searchEventsMax)
    throw new Trouble('input.too-large', { samples: samples.length, most: searchEventsMax })
  return withSpareLake(parsers, fixedClock(samplesReceived), async (lake) => {
    for (const [place, { sample }] of samples.entries())
      await lake.take({
        ...{ source: `s${place}`, peer: '', lines: [Buffer.from(sample.line)], position: null },
        header: sample.header,
      })
    await lake.settle()
    const events = new Map((await allOf(lake)).map((event) => [event.source, event]))
    return samples.flatMap(({ file, id, sample, at }, place) =>
      differences(id, sample.expect, events.get(`s${place}`)).map((problem) => `${file} samples.${at}: ${problem}`),
    )
  })
}

function differences(
  id: string,
  expect: LogParser['samples'][number]['expect'],
  event: LogEvent | undefined,
): readonly string[] {
  if (event === undefined) return ['the engine did not take this line']
  if (event.parser !== id)
    return [
      event.parser === ''
        ? 'no parser recognises this line: see `identify`'
        : `the parser "${event.parser}" takes this line: a lower "order", or a narrower "identify" there, would change that`,
    ]
  return Object.entries(expect).flatMap(([place, wanted]) => {
    const got = valueAt(event, place)
    return JSON.stringify(got) === JSON.stringify(wanted)
      ? []
      : [`${place} is ${JSON.stringify(got)}, and should be ${JSON.stringify(wanted)}`]
  })
}

/** By a path of `expect`: an OCSF path, "time", "class_uid", "observables", "fields.<name>". What an event does not have is "". */
function valueAt(event: LogEvent, place: string): string | number | readonly string[] {
  if (place === 'time' || place === 'class_uid' || place === 'observables') return event[place]
  if (place === 'message') return event.message
  if (place.startsWith('fields.')) return event.fields[place.slice('fields.'.length)] ?? ''
  return event.attributes[place] ?? ''
}

const allOf = async (lake: Lake): Promise<readonly LogEvent[]> =>
  (await search(lake.engine, { query: '', ...ever, limit: searchEventsMax })).events

type TryFlags = { readonly with?: readonly string[]; readonly parser?: string; readonly json: boolean }

async function tryLines(file: string, flags: TryFlags): Promise<void> {
  const parsers = await parsersWith(flags.with ?? [])
  if (flags.parser !== undefined && !parsers.some(({ id }) => id === flags.parser))
    throw new Trouble('input.invalid', {
      ...{ parser: flags.parser, problem: 'no such parser; `counterfoil lake parsers list` has all' },
    })
  const bytes = await bytesOf(file)
  const lines = linesOf(bytes)
  if (lines.length === 0) throw new Trouble('input.invalid', { file, problem: 'there is no line in it' })
  const events = await withSpareLake(parsers, systemClock, async (lake) => {
    const source = LogSource.parse({ id: 'tried', parser: flags.parser ?? null })
    await saveSource(lake.engine, source, systemClock)
    await lake.take({ source: source.id, peer: '', lines, position: null, header: headerOf(bytes) })
    await lake.settle()
    return allOf(lake)
  })
  const inOrder = events.toSorted((a, b) => lineOf(a) - lineOf(b))
  for (const event of inOrder) process.stdout.write(flags.json ? `${JSON.stringify(event)}\n` : wordsOfEvent(event))
  const unread = events.filter(({ parser }) => parser === '').length
  process.stderr.write(`counterfoil: ${events.length} lines, ${unread} of them read by no parser\n`)
  process.exitCode = unread > 0 || events.length === 0 ? 1 : 0
}

const lineOf = ({ id }: LogEvent): number => Number(id.slice(id.lastIndexOf('-') + 1))

/** Bytes stay as they are: Latin-1 has a letter for each. */
const linesOf = (bytes: Buffer): readonly Buffer[] =>
  bytes
    .toString('latin1')
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .slice(0, linesMax)
    .map((line) => Buffer.from(line, 'latin1'))

async function bytesOf(file: string): Promise<Buffer> {
  try {
    if (file !== '-') return (await readFile(file)).subarray(0, fileBytesMax)
    const chunks: Buffer[] = []
    let sizeBytes = 0
    for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      sizeBytes += chunk.length
      if (sizeBytes > fileBytesMax) break
    }
    return Buffer.concat(chunks)
  } catch (error) {
    throw new Trouble('file.unreadable', { file, problem: wordsOf(error) }, error)
  }
}

function wordsOfEvent(event: LogEvent): string {
  const said = [
    ['time', event.time],
    ['class_uid', String(event.class_uid)],
    ...Object.entries(event.attributes).map(([name, value]) => [name, String(value)]),
    ...Object.entries(event.fields).map(([name, value]) => [`fields.${name}`, value]),
    ['observables', event.observables.join(' ')],
  ].map(([name = '', value = '']) => `    ${name.padEnd(32)} ${shownText(value)}\n`)
  return `${event.parser === '' ? 'read by no parser' : event.parser}: ${shownText(event.raw)}\n${said.join('')}\n`
}
