import { readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import type { Command } from 'commander'
import { systemClock } from '../kit/clock.ts'
import { Trouble, wordsOf } from '../kit/errors.ts'
import type { Feed } from '../model/vulnerability.ts'
import { type FeedImported, importFeed } from '../playbooks/import-feed.ts'
import { openHouse } from './open-house.ts'
import { progress } from './progress.ts'

const feeds: Readonly<Record<Feed, string>> = {
  kev: "CISA's catalogue of known exploited vulnerabilities (known_exploited_vulnerabilities.json)",
  epss: "FIRST's exploit prediction scores of a day (epss_scores-YYYY-MM-DD.csv, gzip too)",
  vulnrichment: 'CVE records with the assessment of CISA (Vulnrichment, CVE JSON 5): files or a folder',
  csaf: "vendors' advisories and VEX documents (CSAF 2.0, 2.1): files or a folder",
}
/** Refused files that are printed; the rest is counted. */
const shownMax = 20
/** Vulnrichment has some 200,000 records, one file each. */
const filesMax = 1_000_000

/** `counterfoil import kev|epss|vulnrichment|csaf FILE...`. Exit 1 when nothing could be taken. */
export function addFeedCommands(command: Command): void {
  for (const [feed, says] of Object.entries(feeds)) {
    command
      .command(feed)
      .description(says)
      .argument('<file...>', feed === 'kev' || feed === 'epss' ? 'the file' : 'files, or folders of .json files')
      .option('--json', 'print the result as JSON', false)
      .action((files: string[], flags: { json: boolean }) => feedAction(feed as Feed, files, flags.json))
  }
}

async function feedAction(feed: Feed, given: readonly string[], json: boolean): Promise<void> {
  const files = given.flatMap(filesOf)
  if (files.length === 0)
    throw new Trouble('file.unreadable', { file: given.join(' '), problem: 'no .json file in it' })
  const bar = progress(`Importing ${feed}`, files.length)
  const house = await openHouse({ create: true })
  try {
    const imported = await importFeed(house.database.db, {
      feed,
      files,
      by: 'system',
      clock: systemClock,
      onFile: bar.at,
    })
    bar.end()
    if (json) process.stdout.write(`${JSON.stringify(imported)}\n`)
    else tell(feed, imported)
    process.exitCode = imported.news.length > 0 ? 0 : 1
  } finally {
    bar.end()
    await house.close()
  }
}

function filesOf(given: string): string[] {
  try {
    if (!statSync(given).isDirectory()) return [given]
    const names = readdirSync(given, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'))
    if (names.length > filesMax) throw new Trouble('input.too-large', { files: names.length, most: filesMax })
    return names.sort().map((name) => path.join(given, name))
  } catch (error) {
    throw error instanceof Trouble
      ? error
      : new Trouble('file.unreadable', { file: given, problem: wordsOf(error) }, error)
  }
}

function tell(feed: Feed, { news, refused }: FeedImported): void {
  for (const { file, problem } of refused.slice(0, shownMax)) process.stderr.write(`${file}: ${problem}\n`)
  if (refused.length > shownMax) process.stderr.write(`and ${refused.length - shownMax} more like these\n`)
  const rows = news.reduce((sum, one) => sum + one.rows, 0)
  const last = news.at(-1)
  const words = [
    `${feed}: ${rows} ${feed === 'csaf' ? `statements of ${news.length} documents` : 'rows'} taken`,
    ...(last?.version == null || feed === 'csaf' ? [] : [`version ${last.version}`]),
    ...(last?.model == null ? [] : [`model ${last.model}`]),
    ...(last?.releasedAt == null ? [] : [`as of ${last.releasedAt.slice(0, 10)}`]),
    ...(refused.length === 0 ? [] : [`${refused.length} files refused`]),
  ]
  process.stdout.write(`${words.join(', ')}\n`)
}
