import { randomUUID } from 'node:crypto'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Command, InvalidArgumentError } from 'commander'
import { readSettings, type Settings } from '../../config/config.ts'
import { streamBytes } from '../../intake/log-files/bytes-of.ts'
import { makeLogFilesDoor } from '../../intake/log-files/door.ts'
import { type FoundFile, filesOf } from '../../intake/log-files/files-of.ts'
import { readFileOnward } from '../../intake/log-files/read-file.ts'
import { readText, stretchBytesMax, type Taking } from '../../intake/log-files/read-text.ts'
import { systemClock } from '../../kit/clock.ts'
import { isTrouble, Trouble, wordsOf } from '../../kit/errors.ts'
import { type Lake, openLake } from '../../lake/open.ts'
import { loadLogParsers, loadSignatures } from '../../lake/parse/parser-files.ts'
import { saveSource, sourceOfBatch } from '../../lake/sources.ts'
import { sourceIdPattern } from '../../model/lake.ts'
import type { LogParser } from '../../model/log-parser.ts'
import { progress } from '../progress.ts'
import { shownText } from '../shown-text.ts'

/** What may wait for the engine: eight stretches, so that neither of us waits for the other for long. Files do not go away. */
const spoolBytesMax = 4 * stretchBytesMax
/** A full spool is tried again so often; a stretch takes the engine some tenths of a second. */
const fullPauseMs = 50
/** Full for so long, with nothing going on: the engine is not coming back by itself. */
const fullMsMax = 10 * 60_000
/** Problems of files that are shown; the others are counted. */
const shownMax = 20

type Flags = {
  readonly source: string
  readonly parser?: string
  readonly timeZone?: string
  readonly follow: boolean
  readonly json: boolean
}

const examples = `
A file is known by its place on the disk and by how it begins: run the same again and only what is new is read, also after
a kill in the middle, after a rotation by renaming or by copying, and after a compression. gzip and zstd are known by their
first bytes. Lines that no parser reads are kept, and counted.

Examples:
  counterfoil lake ingest /var/log/fw --source firewall            a folder, and what is below it
  counterfoil lake ingest 'old/*.log.gz' --source firewall         a glob, quoted
  counterfoil lake ingest conn.log --source zeek --time-zone Europe/Berlin
  counterfoil lake ingest /var/log/fw --source firewall --follow   goes on as they grow, until Ctrl-C
  ssh fw1 cat log | counterfoil lake ingest - --source firewall

Exit codes: 0 done (also when there was nothing new), 1 something could not be read, 2 the call was wrong.`

/** `counterfoil lake ingest PATH...`. */
export function ingestCommand(): Command {
  return new Command('ingest')
    .description('Read log files, folders, globs or stdin into the lake; each line once.')
    .argument('<path...>', 'files, folders, globs; - is stdin')
    .requiredOption(
      '--source <id>',
      'the source these lines are of: lower-case letters, digits, ".", "_", "-"',
      readSource,
    )
    .option('--parser <id>', 'the parser that reads every line of this source; each line is recognised when left out')
    .option('--time-zone <zone>', 'zone of times that name none, as Europe/Berlin', readZone)
    .option('--follow', 'go on reading as files grow', false)
    .option('--json', 'print the result as JSON', false)
    .addHelpText('after', examples)
    .action(ingest)
}

function readSource(text: string): string {
  if (!sourceIdPattern.test(text))
    throw new InvalidArgumentError('use lower-case letters, digits, ".", "_", "-"; at most 63')
  return text
}

function readZone(text: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone
  } catch (error) {
    throw new InvalidArgumentError(`no such time zone (${wordsOf(error)})`)
  }
}

type Problem = { readonly file: string; readonly problem: string }
type Done = { readonly files: number; readonly bytes: number; readonly problems: readonly Problem[] }

/** Talk goes to stderr: stdout is for data. */
const log = {
  info: () => undefined,
  warn: (details: object, text: string) =>
    void process.stderr.write(`counterfoil: ${text} ${JSON.stringify(details)}\n`),
}

async function ingest(paths: readonly string[], flags: Flags): Promise<void> {
  // The files first: whoever mistypes a name should not wait for an engine.
  const files = await findAll(paths.filter((one) => one !== '-'))
  const settings = readSettings()
  const parsers = await loadLogParsers(settings.config.lake.parsers)
  const lake = await openFor(settings, parsers)
  const stop = new AbortController()
  const interrupted = (): void => stop.abort()
  process.once('SIGINT', interrupted)
  process.once('SIGTERM', interrupted)
  const began = performance.now()
  try {
    await readAs(lake, flags, parsers)
    const taking = patient(lake, stop.signal)
    const read = await readAll(files, taking, flags.source, stop.signal)
    const piped = paths.includes('-') && !stop.signal.aborted ? await readStdin(taking, flags.source, stop.signal) : 0
    if (flags.follow) await follow(paths, taking, flags.source, stop.signal)
    await settle(lake)
    const { loaded, unread, setAside } = await lake.news()
    const seconds = (performance.now() - began) / 1000
    const done = { ...read, bytes: read.bytes + piped }
    tell(flags, { ...done, lines: loaded, unread, setAside, seconds, stopped: stop.signal.aborted && !flags.follow })
    process.exitCode = done.problems.length > 0 || setAside > 0 || (stop.signal.aborted && !flags.follow) ? 1 : 0
  } finally {
    process.off('SIGINT', interrupted)
    process.off('SIGTERM', interrupted)
    await lake.close()
  }
}

async function findAll(paths: readonly string[]): Promise<readonly FoundFile[]> {
  const found = new Map<string, FoundFile>()
  for (const one of paths) for (const file of await filesOf(one)) found.set(file.path, file)
  return [...found.values()]
}

async function openFor(settings: Settings, parsers: readonly LogParser[]): Promise<Lake> {
  const { config, dataFolder, clickhouseUrl } = settings
  const signatures = await loadSignatures()
  const folder = path.join(dataFolder, 'lake')
  return openLake({
    ...{ folder, clickhouseUrl, parsers, signatures, log, spoolBytesMax },
    config: config.lake,
    clock: systemClock,
    sourceShareMax: 1,
  })
}

/** Takes that wait where the lake is full: what is in a file can wait. */
function patient(lake: Lake, signal: AbortSignal): Taking {
  const waiting =
    <Piece>(take: (piece: Piece) => Promise<void>) =>
    async (piece: Piece): Promise<void> => {
      const until = performance.now() + fullMsMax
      for (;;) {
        try {
          return await take(piece)
        } catch (error) {
          if (!isTrouble(error, 'lake.full') || performance.now() > until || signal.aborted) throw error
          await sleep(fullPauseMs)
        }
      }
    }
  return { take: waiting(lake.take), takeChunk: waiting(lake.takeChunk), positions: lake.positions }
}

async function readAll(
  files: readonly FoundFile[],
  taking: Taking,
  source: string,
  signal: AbortSignal,
): Promise<Done> {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0)
  const bar = progress(`Reading ${files.length} files, bytes`, total)
  const problems: Problem[] = []
  let [bytes, before] = [0, 0]
  for (const file of files) {
    if (signal.aborted) break
    try {
      const at = (fileBytes: number): void => bar.at(before + fileBytes)
      const read = await readFileOnward({
        ...taking,
        path: file.path,
        source,
        clock: systemClock,
        takesRest: true,
        signal,
        at,
      })
      bytes += read.bytes
      if (read.problem !== null)
        problems.push({ file: file.path, problem: `${read.problem}; what came before is kept` })
    } catch (error) {
      // Stopped while the lake was full: the stretch that was under way is repeated by the next run.
      if (signal.aborted && isTrouble(error, 'lake.full')) break
      if (!isTrouble(error, 'file.unreadable')) throw error
      problems.push({ file: file.path, problem: String(error.details['problem'] ?? wordsOf(error)) })
    }
    before += file.bytes
  }
  bar.end()
  return { files: files.length, bytes, problems }
}

/** A stream has no place to go on from: it is read as it comes, and what was read is kept. */
async function readStdin(taking: Taking, source: string, signal: AbortSignal): Promise<number> {
  const bar = progress('Reading stdin, bytes', null)
  let bytes = 0
  const none = { bytes: 0, digest: '' }
  await readText({
    ...taking,
    positions: { of: () => null, inFolder: () => [], set: async () => undefined },
    position: {
      ...{ source, path: '-', device: '', inode: '', header: '', before: [], underWay: null, whole: null },
      ...{ id: randomUUID(), head: none, tail: none, offset: 0, seen: systemClock.now().toISOString() },
    },
    bytes: streamBytes(process.stdin),
    buffer: Buffer.allocUnsafeSlow(stretchBytesMax),
    takesRest: true,
    signal,
    taken: (more) => bar.at((bytes += more)),
  })
  bar.end()
  return bytes
}

async function follow(paths: readonly string[], taking: Taking, source: string, signal: AbortSignal): Promise<void> {
  const files = paths.filter((one) => one !== '-').map((one) => ({ path: path.resolve(one), source }))
  const door = makeLogFilesDoor({ ...taking, files, clock: systemClock, log })
  const bar = progress('Following, bytes', null)
  door.start()
  while (!signal.aborted) {
    await sleep(500, undefined, { signal }).catch(() => undefined)
    bar.at(door.state().bytes)
  }
  await door.stop()
  bar.end()
}

async function settle(lake: Lake): Promise<void> {
  const { bytes } = await lake.news()
  const bar = progress('Storing, bytes', bytes)
  const settled = new AbortController()
  const watching = (async () => {
    while (!settled.signal.aborted) {
      const news = await lake.news()
      bar.at(Math.max(0, bytes - news.bytes))
      await sleep(200, undefined, { signal: settled.signal }).catch(() => undefined)
    }
  })()
  await lake.settle().finally(() => settled.abort())
  await watching
  bar.end()
}

type Result = Done & {
  readonly lines: number
  readonly unread: number
  readonly setAside: number
  readonly seconds: number
  readonly stopped: boolean
}

function tell(flags: Flags, result: Result): void {
  const { files, bytes, lines, unread, seconds, problems, setAside, stopped } = result
  const linesPerSecond = Math.round(lines / Math.max(seconds, 0.001))
  if (flags.json) {
    process.stdout.write(`${JSON.stringify({ source: flags.source, ...result, linesPerSecond })}\n`)
    return
  }
  for (const { file, problem } of problems.slice(0, shownMax))
    process.stderr.write(`${shownText(file)}: ${shownText(problem)}\n`)
  if (problems.length > shownMax) process.stderr.write(`and ${problems.length - shownMax} more like these\n`)
  const number = (value: number): string => value.toLocaleString('en')
  if (bytes === 0 && lines === 0 && problems.length === 0) {
    process.stdout.write(`${flags.source}: nothing new in ${number(files)} ${files === 1 ? 'file' : 'files'}\n`)
    return
  }
  const parts = [
    `${flags.source}: ${number(lines)} lines, ${number(Math.ceil(bytes / 1024))} KiB in ${seconds.toFixed(1)} s (${number(linesPerSecond)} lines/s)`,
    ...(unread === 0 ? [] : [`  ${number(unread)} of them no parser reads: kept, see docs/log-parsers.md`]),
    ...(setAside === 0 ? [] : [`  ${number(setAside)} segments were set aside, see \`counterfoil lake status\``]),
    ...(stopped ? ['  stopped; run the same again to go on'] : []),
  ]
  process.stdout.write(`${parts.join('\n')}\n`)
}

/** What is said of how this source is read is kept with it, and counts for all of its lines from now on. */
async function readAs(lake: Lake, flags: Flags, parsers: readonly LogParser[]): Promise<void> {
  const { parser, timeZone } = flags
  if (parser === undefined && timeZone === undefined) return
  if (parser !== undefined && !parsers.some(({ id }) => id === parser)) {
    throw new Trouble('input.invalid', { parser, problem: 'no such parser; `counterfoil lake parsers list` has all' })
  }
  const before = await sourceOfBatch(lake.engine, flags.source, systemClock)
  const now = { ...before, parser: parser ?? before.parser, timeZone: timeZone ?? before.timeZone }
  if (now.parser !== before.parser || now.timeZone !== before.timeZone) await saveSource(lake.engine, now, systemClock)
}
