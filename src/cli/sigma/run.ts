import { existsSync } from 'node:fs'
import path from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { readSettings } from '../../config/config.ts'
import { systemClock } from '../../kit/clock.ts'
import { Trouble } from '../../kit/errors.ts'
import { openEngine } from '../../lake/engine/open-engine.ts'
import { momentBefore } from '../../lake/search/moments.ts'
import { loadRules, ownRules } from '../../lake/sigma/load.ts'
import { eventsOfHitMax, runRules } from '../../lake/sigma/run.ts'
import { progress } from '../progress.ts'
import { wordsOfRun } from './words-of-run.ts'

const examples = `
Times are ISO 8601 (UTC where they name no zone), or back from now: -15m, -24h, -7d, -4w. Without --from the last 24 hours.
A rule that has no source in the lake, or waits for values of a placeholder, is told as "could not look".

Examples:
  counterfoil sigma run                                           the rules that come along and those of lake.detections
  counterfoil sigma run rules/
  counterfoil sigma run rules/windows --from 2026-11-01 --to 2026-11-15 --limit 20
  counterfoil sigma run rules/ --from -30d --json > hits.json

Exit codes: 0 done, whether there were hits or not; 1 it did not work, or a rule does not compile; 2 the call was wrong.`

type Flags = { readonly from: string; readonly to: string; readonly limit: number; readonly json: boolean }

/** `counterfoil sigma run PATH...`. */
export function runCommand(): Command {
  return new Command('run')
    .description('Run Sigma rules over the lake: all of them in a few passes.')
    .argument(
      '[path...]',
      'rules: files, or folders with all that is below them; those that run on a schedule when left out',
    )
    .option('--from <time>', 'from this time on', '-24h')
    .option('--to <time>', 'up to before this time', 'now')
    .option('--limit <n>', 'events shown with each hit', readLimit, 3)
    .option('--json', 'print hits, events and rules that could not look as JSON', false)
    .addHelpText('after', examples)
    .action(run)
}

export function readLimit(text: string): number {
  const limit = Number(text)
  if (!Number.isInteger(limit) || limit < 0 || limit > eventsOfHitMax)
    throw new InvalidArgumentError(`use a number from 0 to ${eventsOfHitMax}`)
  return limit
}

async function run(paths: readonly string[], flags: Flags): Promise<void> {
  const { dataFolder, clickhouseUrl, config } = readSettings()
  const wanted = paths.length > 0 ? paths : [ownRules, ...config.lake.detections]
  const now = systemClock.now()
  const from = momentBefore(flags.from, now)
  const to = momentBefore(flags.to, now)
  if (from === null || to === null || from >= to)
    throw new Trouble('input.invalid', {
      problem: '--from and --to are times, as 2026-11-01 or -24h, the first one earlier',
    })
  const set = await loadRules(wanted, { placeholders: config.lake.placeholders })
  for (const { file, why } of set.failed) process.stderr.write(`counterfoil: ${file}: ${why}\n`)
  if (set.failed.length > 0) process.exitCode = 1
  const folder = path.join(dataFolder, 'lake')
  // To look where nothing was ever kept would read as "nothing there".
  if (clickhouseUrl === null && !existsSync(folder)) throw new Trouble('house.missing', { lake: folder })
  const engine = openEngine({
    folder,
    clickhouseUrl,
    log: { info: () => undefined, warn: (_details, text) => void process.stderr.write(`counterfoil: ${text}\n`) },
    memoryMaxMiB: config.lake.memoryMaxMiB,
  })
  const bar = progress(`running ${set.rules.length} rules`, 100)
  try {
    const done = await runRules(
      engine,
      set.rules,
      { from: from.toISOString(), to: to.toISOString() },
      { eventsOfHit: flags.limit, onProgress: (share) => bar.at(Math.round(share * 100)) },
    )
    bar.end()
    process.stdout.write(flags.json ? `${JSON.stringify(done, null, 2)}\n` : wordsOfRun(done))
  } finally {
    bar.end()
    await engine.close()
  }
}
