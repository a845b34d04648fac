import { createReadStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Command } from 'commander'
import { readSettings } from '../../config/config.ts'
import { systemClock } from '../../kit/clock.ts'
import { Trouble, wordsOf } from '../../kit/errors.ts'
import { openLake } from '../../lake/open.ts'
import { loadLogParsers, loadSignatures } from '../../lake/parse/parser-files.ts'
import { loadRules } from '../../lake/sigma/load.ts'
import { runRules } from '../../lake/sigma/run.ts'
import { saveSource } from '../../lake/sources.ts'
import { LogSource } from '../../model/lake.ts'
import { progress } from '../progress.ts'
import { jsonObjectsOf } from './json-objects.ts'
import { readLimit } from './run.ts'
import { wordsOfRun } from './words-of-run.ts'

/** Held in memory at once. A larger file is for a lake: `counterfoil lake ingest`, then `sigma run`. */
export const eventsBytesMax = 64 * 1024 * 1024
/** Whenever the events say they were. */
const ever = { from: '1990-01-01T00:00:00.000Z', to: '2200-01-01T00:00:00.000Z' }

const examples = `
The events come in through the same parsers as those of the lake, into an engine that is thrown away afterwards.
One event a line; JSON may also stand in several lines, one object after the other (as exports of .evtx files do).

Examples:
  counterfoil sigma test rule.yml --events sysmon.ndjson
  counterfoil sigma test rules/ --events auth.log --json | jq '.hits[].rule.title'

Exit codes: 0 every rule matched something, 1 some did not (or could not look, or do not compile), 2 the call was wrong.`

type Flags = {
  readonly events: string
  readonly parser?: string
  readonly limit: number
  readonly json: boolean
}

/** `counterfoil sigma test PATH... --events FILE`. */
export function testCommand(): Command {
  return new Command('test')
    .description('Run Sigma rules over events in a file, without a lake.')
    .argument('<path...>', 'rules: files, or folders with all that is below them')
    .requiredOption('--events <file>', 'events, one a line; - is stdin')
    .option('--parser <id>', 'the parser that reads every line; each line is recognised when left out')
    .option('--limit <n>', 'events shown with each hit', readLimit, 3)
    .option('--json', 'print hits, events and rules that could not look as JSON', false)
    .addHelpText('after', examples)
    .action(test)
}

async function test(paths: readonly string[], flags: Flags): Promise<void> {
  const { config } = readSettings()
  const set = await loadRules(paths, { placeholders: config.lake.placeholders })
  for (const { file, why } of set.failed) process.stderr.write(`counterfoil: ${file}: ${why}\n`)
  const lines = linesOf(await readBounded(flags.events))
  const parsers = await loadLogParsers(config.lake.parsers)
  if (flags.parser !== undefined && !parsers.some(({ id }) => id === flags.parser))
    throw new Trouble('input.invalid', { problem: `there is no parser ${flags.parser}` })
  const folder = await mkdtemp(path.join(tmpdir(), 'counterfoil-sigma-'))
  const bar = progress(`running ${set.rules.length} rules over ${lines.length} events`, 100)
  try {
    const lake = await openLake({
      ...{ folder, clickhouseUrl: null, parsers, signatures: await loadSignatures() },
      config: config.lake,
      clock: systemClock,
      log: { info: () => undefined, warn: (_details, text) => void process.stderr.write(`counterfoil: ${text}\n`) },
      sourceShareMax: 1,
    })
    try {
      const source = 'test'
      if (flags.parser !== undefined)
        await saveSource(lake.engine, LogSource.parse({ id: source, parser: flags.parser }), systemClock)
      await lake.take({ source, peer: '', lines, position: null })
      await lake.settle()
      const run = await runRules(lake.engine, set.rules, ever, {
        eventsOfHit: flags.limit,
        onProgress: (share) => bar.at(Math.round(share * 100)),
      })
      bar.end()
      process.stdout.write(flags.json ? `${JSON.stringify(run, null, 2)}\n` : wordsOfRun(run))
      const wanted = set.rules.filter((rule) => !rule.onlyCorrelated)
      if (set.failed.length > 0 || run.hits.length < wanted.length) process.exitCode = 1
    } finally {
      await lake.close()
    }
  } finally {
    bar.end()
    await rm(folder, { recursive: true, force: true })
  }
}

async function readBounded(file: string): Promise<Buffer> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  try {
    if (file !== '-' && (await stat(file)).size > eventsBytesMax)
      throw new Trouble('input.too-large', { file, mostMiB: eventsBytesMax / 1024 / 1024 })
    for await (const chunk of (file === '-' ? process.stdin : createReadStream(file)) as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length
      if (sizeBytes > eventsBytesMax)
        throw new Trouble('input.too-large', { file, mostMiB: eventsBytesMax / 1024 / 1024 })
      chunks.push(chunk)
    }
  } catch (error) {
    throw error instanceof Trouble ? error : new Trouble('file.unreadable', { file, problem: wordsOf(error) }, error)
  }
  return Buffer.concat(chunks)
}

/** Lines as they are; where the first one alone is no JSON but the text begins as JSON does, its objects, each as one line. */
function linesOf(bytes: Buffer): readonly Buffer[] {
  const text = bytes.toString('utf8').trimStart()
  const [first = ''] = text.split('\n', 1)
  if (!text.startsWith('{') || isJson(first))
    return text
      .split(/\r?\n/)
      .filter((line) => line !== '')
      .map((line) => Buffer.from(line))
  return jsonObjectsOf(text).map((object) => Buffer.from(object))
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}
