import { statfs } from 'node:fs/promises'
import { Command } from 'commander'
import { type SpoolNews, spoolNews } from '../../lake/load/spool-news.ts'
import { listSources } from '../../lake/sources.ts'
import { statusOfSources } from '../../lake/status.ts'
import type { SourceStatus } from '../../model/lake.ts'
import { type Reading, table, withLake } from './reading.ts'

const examples = `
Examples:
  counterfoil lake status
  counterfoil lake status --json | jq '.sources[] | select(.silent) | .source.id'

Exit codes: 0 all is well, 1 a source is silent for longer than it may be, lines were set aside, or it could not be looked at.`

/** `counterfoil lake status`. */
export function statusCommand(): Command {
  return new Command('status')
    .description('Say which sources there are, what comes in, what it costs, and what waits.')
    .option('--json', 'print it as JSON', false)
    .addHelpText('after', examples)
    .action((flags: { readonly json: boolean }) => withLake((reading) => status(reading, flags.json)))
}

async function status({ engine, settings, folder }: Reading, json: boolean): Promise<void> {
  const [sources, backlog] = await Promise.all([
    listSources(engine).then((kept) => statusOfSources(engine, kept, new Date())),
    spoolNews(folder),
  ])
  const disk = settings.clickhouseUrl === null ? await diskOf(folder, settings.config.lake.freeDiskMinMiB) : null
  if (json) process.stdout.write(`${JSON.stringify({ where: engine.where, sources, backlog, disk })}\n`)
  else tell(sources, backlog, disk)
  process.exitCode = sources.some((one) => one.silent) || backlog.failedSegments > 0 ? 1 : 0
}

type Disk = { readonly freeBytes: number; readonly keepFreeBytes: number }

async function diskOf(folder: string, keepFreeMiB: number): Promise<Disk> {
  const { bavail, bsize } = await statfs(folder)
  return { freeBytes: bavail * bsize, keepFreeBytes: keepFreeMiB * 1024 * 1024 }
}

function tell(sources: readonly SourceStatus[], backlog: SpoolNews, disk: Disk | null): void {
  if (sources.length > 0) {
    const head = ['source', 'events', 'unread', 'disk', 'a day', 'kept', 'last line', '']
    process.stdout.write(table(head, sources.map(rowOf)))
  }
  const lines = [
    ...(sources.length === 0 ? ['No source yet: `counterfoil lake ingest FILE --source ID` begins one.'] : []),
    backlog.segments === 0
      ? 'Nothing waits to be stored.'
      : `${bytes(backlog.bytes)} wait to be stored${backlog.oldest === null ? '' : `, since ${backlog.oldest}`}.`,
    ...(backlog.failedSegments > 0
      ? [`${backlog.failedSegments} pieces (${bytes(backlog.failedBytes)}) were set aside: the engine refused them.`]
      : []),
    ...(disk === null
      ? []
      : [`${bytes(disk.freeBytes)} of disk are free; below ${bytes(disk.keepFreeBytes)} lines are refused.`]),
  ]
  process.stdout.write(lines.map((line) => `${line}\n`).join(''))
}

function rowOf(one: SourceStatus): string[] {
  const { source, events, unread, diskBytes, diskBytesPerDay, lastReceived, silent, gaps } = one
  const kept = [
    ...(source.keepDays === null ? [] : [`${source.keepDays} d`]),
    ...(source.keepBytes === null ? [] : [bytes(source.keepBytes)]),
  ]
  const share = events === 0 ? 0 : Math.round((unread / events) * 1000) / 10
  return [
    source.id,
    events.toLocaleString('en'),
    `${share} %`,
    bytes(diskBytes),
    bytes(diskBytesPerDay),
    kept.length === 0 ? 'for ever' : kept.join(', '),
    lastReceived ?? 'never',
    [...(silent ? ['SILENT'] : []), ...(gaps.length > 0 ? [`${gaps.length} gaps in 7 days`] : [])].join(', '),
  ]
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

function bytes(count: number): string {
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, count)) / 10)))
  return `${(count / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`
}
