import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openEngine } from '../../src/lake/engine/open-engine.ts'
import { spoolNews } from '../../src/lake/load/spool-news.ts'
import { cli } from '../../test/program.ts'

export type LakeFaultsAsked = {
  readonly lines: number
  /** How often `counterfoil lake ingest` is killed in the middle, and how often the engine below it. */
  readonly ingestKills: number
  readonly engineKills: number
  readonly say: (text: string) => void
}

export type LakeFaultsFound = {
  readonly lines: number
  readonly kills: number
  /** Lines of the files that are not in the lake; lines that are there more than once; lines that are there and in no file. */
  readonly lost: number
  readonly doubled: number
  readonly foreign: number
  /** How far the rollups are from what is there. */
  readonly seenAdrift: number
  readonly volumeAdrift: number
  /** Lines that a parser should have read, stored unread because of the kills. */
  readonly unread: number
  readonly setAside: number
  readonly leftInSpool: number
  readonly seconds: number
}

/** What must be zero, whatever was killed. */
export const mustBeZeroInLake = {
  ...{ lost: 0, doubled: 0, foreign: 0, seenAdrift: 0, volumeAdrift: 0, unread: 0, setAside: 0, leftInSpool: 0 },
} as const satisfies Partial<Record<keyof LakeFaultsFound, 0>>

/** An ingest that was not killed must end in this time; a million lines take less than two on an idle machine. */
const ingestMsMax = 30 * 60_000
const source = 'faulty'

/** Lines like a firewall's and a server's, each another one. */
function lineOf(n: number): string {
  const [a, b, c] = [n % 250, Math.floor(n / 250) % 250, Math.floor(n / 62_500) % 250]
  return n % 2 === 0
    ? `<38>Nov 20 10:00:00 web-1 sshd[${n % 30_000}]: Failed password for invalid user u${n} from 10.${c}.${b}.${a} port 4242 ssh2\n`
    : `<189>date=2026-11-20 time=10:00:00 devname="FGT-1" devid="FG100F0000000001" tz="+0000" logid="0000000013" type="traffic" subtype="forward" level="notice" srcip=10.${c}.${b}.${a} srcport=${1024 + (n % 60_000)} dstip=203.0.113.${a} dstport=443 sessionid=${n} proto=6 action="accept" policyid=5 service="HTTPS" sentbyte=${n} rcvdbyte=100\n`
}

async function writeLines(file: string, from: number, to: number): Promise<void> {
  const stream = createWriteStream(file)
  for (let n = from; n < to; n++) if (!stream.write(lineOf(n))) await once(stream, 'drain')
  stream.end()
  await once(stream, 'close')
}

/** Processes below another: the engine of an ingest. */
async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map(Number)
}

/** One ingest; `kill` ends it, or its engine, somewhere in the middle. Resolves with its exit code, null when it was killed. */
async function ingest(
  data: string,
  files: readonly string[],
  kill: { readonly what: 'ingest' | 'engine'; readonly afterMs: number } | null,
): Promise<number | null> {
  const child = spawn(process.execPath, [cli, 'lake', 'ingest', ...files, '--source', source, '--json'], {
    env: { PATH: process.env['PATH'], COUNTERFOIL_DATA: data },
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: ingestMsMax,
  })
  const ended = once(child, 'exit')
  if (kill !== null) {
    await Promise.race([sleep(kill.afterMs), ended])
    const [engine] = kill.what === 'engine' ? await childrenOf(child.pid ?? 0) : []
    if (kill.what === 'ingest') child.kill('SIGKILL')
    else if (engine !== undefined) process.kill(engine, 'SIGKILL')
  }
  await ended
  return child.exitCode
}

/**
 * Files are ingested while the ingest, or its engine, is killed at random moments; what was not done is done by running the same again,
 * as a person would. Then every line is counted: each must be there once, and the rollups must agree.
 */
export async function lakeFaults(asked: LakeFaultsAsked): Promise<LakeFaultsFound> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'counterfoil-lake-faults-'))
  await chmod(folder, 0o700)
  const began = performance.now()
  try {
    const data = path.join(folder, 'data')
    const files = [path.join(folder, 'a.log'), path.join(folder, 'b.log')]
    const half = Math.floor(asked.lines / 2)
    await writeLines(files[0] ?? '', 0, half)
    await writeLines(files[1] ?? '', half, asked.lines)
    const kills = [
      ...Array<'ingest'>(asked.ingestKills).fill('ingest'),
      ...Array<'engine'>(asked.engineKills).fill('engine'),
    ].sort(() => Math.random() - 0.5)
    for (const [index, what] of kills.entries()) {
      const afterMs = 300 + Math.random() * 6_000
      const code = await ingest(data, files, { what, afterMs })
      asked.say(
        `${index + 1}/${kills.length}: killed ${what} after ${Math.round(afterMs)} ms, exit ${code ?? 'by signal'}`,
      )
    }
    const code = await ingest(data, files, null)
    if (code !== 0) throw new Error(`the last ingest ended with ${code}`)
    const found = await reckonLake(path.join(data, 'lake'), asked.lines)
    return {
      ...found,
      lines: asked.lines,
      kills: kills.length,
      seconds: Math.round((performance.now() - began) / 1000),
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

type Row = {
  there: number
  different: number
  known: number
  observables: number
  seen: number
  volume: number
  unread: number
}

async function reckonLake(lakeFolder: string, lines: number) {
  const silent = { info: () => undefined, warn: () => undefined }
  const engine = openEngine({ folder: lakeFolder, clickhouseUrl: null, log: silent, memoryMaxMiB: 2048 })
  try {
    const [row] = await engine.rows<Row>(
      `SELECT count() AS there, uniqExact(raw) AS different, sum(length(observables)) AS observables, countIf(parser = '') AS unread,
         uniqExactIf(n, n < {lines:UInt64}) AS known,
         (SELECT sum(count) FROM seen) AS seen, (SELECT sum(events) FROM volume) AS volume
       FROM (SELECT raw, observables, parser, toUInt64OrZero(extract(raw, '(?:user u|sessionid=)(\\d+)')) AS n FROM events)`,
      { lines },
    )
    const { there, different, known, observables, seen, volume, unread } = row ?? zero
    const waiting = await spoolNews(lakeFolder)
    return {
      lost: lines - known,
      doubled: there - different,
      foreign: different - known,
      seenAdrift: Math.abs(seen - observables),
      volumeAdrift: Math.abs(volume - there),
      unread,
      setAside: waiting.failedSegments,
      leftInSpool: waiting.segments,
    }
  } finally {
    await engine.close()
  }
}
const zero: Row = { there: 0, different: 0, known: 0, observables: 0, seen: 0, volume: 0, unread: 0 }
