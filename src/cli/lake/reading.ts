import { existsSync } from 'node:fs'
import path from 'node:path'
import { InvalidArgumentError } from 'commander'
import { readSettings, type Settings } from '../../config/config.ts'
import { Trouble } from '../../kit/errors.ts'
import type { Engine } from '../../lake/engine/engine.ts'
import { openEngine } from '../../lake/engine/open-engine.ts'
import { spoolNews } from '../../lake/load/spool-news.ts'
import { momentBefore } from '../../lake/search/moments.ts'

/** Talk goes to stderr: stdout is for data. */
const log = {
  info: () => undefined,
  warn: (details: object, text: string) =>
    void process.stderr.write(`counterfoil: ${text} ${JSON.stringify(details)}\n`),
}

export type Reading = { readonly engine: Engine; readonly settings: Settings; readonly folder: string }

/**
 * Works with the lake of this installation, shared with a server that runs on it, and gives it back. Throws Trouble('house.missing')
 * where there is none: to look must not make one.
 */
export async function withLake(work: (reading: Reading) => Promise<void>): Promise<void> {
  const settings = readSettings()
  const { clickhouseUrl, dataFolder, config } = settings
  const folder = path.join(dataFolder, 'lake')
  if (clickhouseUrl === null && !existsSync(folder)) {
    throw new Trouble('house.missing', {
      lake: folder,
      hint: 'it begins with `counterfoil lake ingest`, or with a server',
    })
  }
  const engine = openEngine({ folder, clickhouseUrl, log, memoryMaxMiB: config.lake.memoryMaxMiB })
  try {
    await work({ engine, settings, folder })
  } finally {
    await engine.close()
  }
}

/** A server stores a line within two seconds, or is behind. */
const underWayMs = 5_000

/** Lines that were taken and are not stored yet were not looked at: a server has them within seconds, without one they wait. */
export async function sayWhatWaits(folder: string): Promise<void> {
  const { oldest } = await spoolNews(folder)
  if (oldest === null || Date.now() - Date.parse(oldest) < underWayMs) return
  process.stderr.write(
    `counterfoil: lines that wait to be stored since ${oldest} were not looked at: a server (\`counterfoil start\`) stores them\n`,
  )
}

/** A moment on the command line: ISO 8601 (UTC where no zone is named), "now", "-24h", "-7d". */
export function readMoment(text: string): Date {
  const moment = momentBefore(text, new Date())
  if (moment === null)
    throw new InvalidArgumentError('write 2026-11-01, 2026-11-01T10:15:00Z, -15m, -24h, -7d, -4w or now')
  return moment
}

/** Columns side by side, as wide as their widest cell. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, place) => Math.max(name.length, ...rows.map((row) => row[place]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, place) => cell.padEnd(widths[place] ?? 0))
      .join('  ')
      .trimEnd()
  return [line(head), ...rows.map(line)].map((one) => `${one}\n`).join('')
}
