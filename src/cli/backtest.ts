import { readFile } from 'node:fs/promises'
import { Command, InvalidArgumentError } from 'commander'
import { Trouble } from '../kit/errors.ts'
import type { BacktestRow, BacktestSummary } from '../model/backtest.ts'
import { daysMax } from '../playbooks/backtest/backtest-job.ts'
import { candidateOf } from '../playbooks/backtest/candidate.ts'
import { playbookLookBack } from '../playbooks/backtest/playbook-backtest.ts'
import { backtestPlaybook, backtestReader } from '../playbooks/backtest/run-backtest.ts'
import { readerOf } from '../providers/described.ts'
import { openHouse } from './open-house.ts'
import { libraryNow } from './playbook.ts'
import { progress } from './progress.ts'
import { shownLines } from './shown-text.ts'

type Flags = { days: number; json: boolean; show: number }
const dayMs = 86_400_000

const examples = `
Examples:
  counterfoil backtest playbook malware.yaml --days 30     what it would have made of the last 30 days
  counterfoil backtest reader acme.yaml --days 90 --json   every message, one JSON object a line

Nobody is asked, nothing is sent, and the record is read in transactions that cannot write. A question that nobody asked then has no recorded
answer: such alerts are counted as "cannot tell", not as "nothing found".`

/** `counterfoil backtest ...`: what a playbook or reader would have made of the past. */
export function backtestCommand(): Command {
  const backtest = new Command('backtest').description('Try a playbook or a reader on what was recorded.')
  backtest.addHelpText('after', examples).exitOverride()
  for (const kind of ['playbook', 'reader'] as const) {
    backtest
      .command(kind)
      .description(`try a ${kind} on the last days`)
      .argument('<file>', `its YAML file`)
      .option('--days <n>', 'so many days back', readDays, 30)
      .option('--show <n>', 'list so many of those that come out differently', readCount, 20)
      .option('--json', 'print every row and then the summary as JSON, one a line', false)
      .action((file: string, flags: Flags) => run(kind, file, flags))
  }
  return backtest
}

function readDays(text: string): number {
  const days = Number(text)
  if (!Number.isInteger(days) || days < 1 || days > daysMax)
    throw new InvalidArgumentError(`A whole number from 1 to ${daysMax}.`)
  return days
}

function readCount(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 0) throw new InvalidArgumentError('A whole number.')
  return count
}

async function run(kind: 'playbook' | 'reader', file: string, flags: Flags): Promise<void> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new Trouble('file.unreadable', { file }, error)
  })
  const library = await libraryNow()
  const candidate = candidateOf(kind, text, library)
  const opened = await openHouse()
  const to = new Date()
  const shown: BacktestRow[] = []
  let bar = progress('Looking back', null)
  let done = 0
  try {
    const walk = {
      from: new Date(to.getTime() - flags.days * dayMs),
      to,
      signal: new AbortController().signal,
      onTotal: async (total: number) => {
        bar = progress('Looking back', total)
      },
      onRows: async (rows: readonly BacktestRow[]) => {
        done += rows.length
        bar.at(done)
        if (flags.json) for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`)
        else shown.push(...rows.filter((row) => row.verdict === 'different').slice(0, flags.show - shown.length))
      },
    }
    const { db } = opened.database
    const summary =
      candidate.kind === 'playbook'
        ? await backtestPlaybook(db, playbookLookBack(candidate.playbook, library), walk)
        : await backtestReader(db, readerOf(candidate.description), walk)
    bar.end()
    process.stdout.write(flags.json ? `${JSON.stringify({ summary })}\n` : wordsFor(summary, shown, kind))
  } finally {
    await opened.close()
  }
}

function wordsFor(summary: BacktestSummary, shown: readonly BacktestRow[], kind: 'playbook' | 'reader'): string {
  const { looked, same, different, unknown, notConcerned, withUnrecorded, decided, was, now } = summary
  const what = kind === 'playbook' ? 'alerts' : 'messages'
  const changes = Object.entries(summary.byChange).map(([name, n]) => `${name} ${n}`)
  const lines = [
    `${looked} ${what}: ${same} same, ${different} different, ${unknown} cannot tell, ${notConcerned} not concerned.`,
    ...(changes.length === 0 ? [] : [`What changes: ${changes.join(', ')}.`]),
    ...(withUnrecorded === 0
      ? []
      : [`In ${withUnrecorded} of them something is asked that nobody asked then: there is no recorded answer.`]),
    ...(decided === 0
      ? []
      : [
          `Of ${decided} that a person decided, the proposal agreed with ${was.agrees} then and with ${now.agrees} now; there was none for ${was.none} then, ${now.none} now.`,
        ]),
  ]
  const rows = shown.flatMap((row) => [
    `${row.number === null ? (row.messageId ?? '').slice(0, 12) : `A-${row.number}`}  ${row.receivedAt.slice(0, 16)}  ${shownLines(row.title).slice(0, 80)}`,
    ...row.changes.map((change) => `    ${change.what}: ${shownLines(change.was)} -> ${shownLines(change.now)}`),
  ])
  return `${[...lines, ...(rows.length === 0 ? [] : ['', ...rows])].join('\n')}\n`
}
