import { readFile } from 'node:fs/promises'
import { Command, InvalidArgumentError } from 'commander'
import { listExpectations } from '../db/expectations.ts'
import type { Db } from '../db/open.ts'
import { Trouble } from '../kit/errors.ts'
import type { BacktestRow, BacktestSummary } from '../model/backtest.ts'
import { type Candidate, daysMax } from '../playbooks/backtest/backtest-job.ts'
import { candidateOf } from '../playbooks/backtest/candidate.ts'
import { expectationLookBack } from '../playbooks/backtest/expectation-backtest.ts'
import { playbookLookBack } from '../playbooks/backtest/playbook-backtest.ts'
import { type BacktestWalk, backtestPlaybook, backtestReader } from '../playbooks/backtest/run-backtest.ts'
import { readerOf } from '../providers/described.ts'
import { openHouse } from './open-house.ts'
import { libraryNow } from './playbook.ts'
import { progress } from './progress.ts'
import { shownLines } from './shown-text.ts'

type Look = (db: Db, walk: BacktestWalk) => Promise<BacktestSummary>
type Flags = { days: number; json: boolean; show: number }
const dayMs = 86_400_000

const examples = `
Examples:
  counterfoil backtest playbook malware.yaml --days 30     what it would have made of the last 30 days
  counterfoil backtest reader acme.yaml --days 90 --json   every message, one JSON object a line
  counterfoil backtest expectation E-3 --days 180          what it would have proposed, and the harm it would have hidden

One that is not kept yet is tried by "counterfoil expectations preview".

Nobody is asked, nothing is sent, and the record is read in transactions that cannot write. A question that nobody asked then has no recorded
answer: such alerts are counted as "cannot tell", not as "nothing found".`

/** `counterfoil backtest ...`: what a playbook, a reader or an expectation would have made of the past. */
export function backtestCommand(): Command {
  const backtest = new Command('backtest').description(
    'Try a playbook, a reader or an expectation on what was recorded.',
  )
  backtest.addHelpText('after', examples).exitOverride()
  for (const [kind, argument, what] of [
    ['playbook', '<file>', 'its YAML file'],
    ['reader', '<file>', 'its YAML file'],
    ['expectation', '<number>', 'as `expectations list` shows it: E-3'],
  ] as const) {
    backtest
      .command(kind)
      .description(`try ${kind === 'expectation' ? 'an' : 'a'} ${kind} on the last days`)
      .argument(argument, what)
      .option('--days <n>', 'so many days back', readDays, 30)
      .option('--show <n>', 'list so many of those that come out differently', readCount, 20)
      .option('--json', 'print every row and then the summary as JSON, one a line', false)
      .action((named: string, flags: Flags) => run(kind, named, flags))
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

/** What to try, read before the house is opened: a wrong file is said at once. */
async function wanted(kind: Candidate['kind'], named: string): Promise<Look> {
  if (kind === 'expectation')
    return async (db, walk) => {
      const all = await listExpectations(db, walk.to)
      const found = all.find((one) => `e-${one.number}` === named.toLowerCase())
      if (found === undefined) throw new Trouble('not.found', { expectation: named })
      return backtestPlaybook(db, expectationLookBack(found), walk)
    }
  const text = await readFile(named, 'utf8').catch((error: unknown) => {
    throw new Trouble('file.unreadable', { file: named }, error)
  })
  const library = await libraryNow()
  const candidate = candidateOf(kind, text, library)
  return (db, walk) =>
    candidate.kind === 'playbook'
      ? backtestPlaybook(db, playbookLookBack(candidate.playbook, library), walk)
      : backtestReader(db, readerOf(candidate.description), walk)
}

async function run(kind: Candidate['kind'], named: string, flags: Flags): Promise<void> {
  const look = await wanted(kind, named)
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
    const summary = await look(opened.database.db, walk)
    bar.end()
    process.stdout.write(flags.json ? `${JSON.stringify({ summary })}\n` : wordsFor(summary, shown, kind))
  } finally {
    await opened.close()
  }
}

function wordsFor(summary: BacktestSummary, shown: readonly BacktestRow[], kind: Candidate['kind']): string {
  const { looked, same, different, unknown, notConcerned, withUnrecorded, decided, was, now } = summary
  const what = kind === 'reader' ? 'messages' : 'alerts'
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
