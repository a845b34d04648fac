import { Command, InvalidArgumentError } from 'commander'
import { listExpectations, ownerByMail } from '../db/expectations.ts'
import { systemClock } from '../kit/clock.ts'
import { Trouble } from '../kit/errors.ts'
import {
  type Expectation,
  ExpectationDraft,
  type ExpectationPreview,
  ExpectedOutcome,
  expectationDaysMax,
} from '../model/expectation.ts'
import { scopeWords } from '../model/expectation-words.ts'
import { addExpectation, previewExpectation, retireExpectation } from '../playbooks/memory/expectations.ts'
import { openHouse } from './open-house.ts'
import { shownLines } from './shown-text.ts'

const examples = `
Examples:
  counterfoil expectations list
  counterfoil expectations preview --rule Beaconing --host ws-17 --outcome false-alarm-benign
  counterfoil expectations add --rule Beaconing --host ws-17 --outcome false-alarm-benign --reason "Backup agent." --days 90 --owner kari@example.com
  counterfoil expectations retire E-3 --reason "The agent is gone."

Nothing is kept that would have hidden an incident or minor trouble of the last 90 days. To let one decide by itself its owner signs in.`

type Flags = {
  rule?: string
  host?: string
  account?: string
  range?: string
  provider?: string
  where: string
  outcome: ExpectedOutcome
  days: number
  reason: string
  owner: string
  json: boolean
}

/** `counterfoil expectations ...`: answers that are remembered. Exit 1 where a preview shows that harm would have been hidden. */
export function expectationsCommand(): Command {
  const expectations = new Command('expectations').description('List, preview, add and retire expectations.')
  expectations.addHelpText('after', examples).exitOverride()
  expectations
    .command('list')
    .description('those that stand, then those that are over')
    .option('--json', 'print as JSON, one a line', false)
    .action((flags: { json: boolean }) => list(flags.json))
  scoped(expectations.command('preview'))
    .description('what one would have matched in the last 90 days; keeps nothing')
    .action(preview)
  scoped(expectations.command('add'))
    .description('remember an answer')
    .requiredOption('--reason <text>', 'why this is expected')
    .requiredOption('--owner <mail>', 'whose it is')
    .option('--days <n>', `for so many days, at most ${expectationDaysMax}`, readDays, 90)
    .action(add)
  expectations
    .command('retire')
    .description('take one out of use')
    .argument('<number>', 'E-3')
    .requiredOption('--reason <text>', 'why')
    .action(retire)
  return expectations
}

function scoped(command: Command): Command {
  return command
    .option('--rule <rule>', 'the rule, as the provider writes it')
    .option('--host <host>', 'the host, or what the alert is about')
    .option('--account <account>', 'the account')
    .option('--range <cidr>', 'source or destination is in it')
    .option('--provider <id>', 'alerts of this provider only')
    .option('--where <condition>', 'a condition as in playbooks', '')
    .requiredOption('--outcome <outcome>', ExpectedOutcome.options.join(', '), readOutcome)
    .option('--json', 'print as JSON', false)
}

function readOutcome(text: string): ExpectedOutcome {
  const outcome = ExpectedOutcome.safeParse(text)
  if (!outcome.success) throw new InvalidArgumentError(`One of ${ExpectedOutcome.options.join(', ')}.`)
  return outcome.data
}

function readDays(text: string): number {
  const days = Number(text)
  if (!Number.isInteger(days) || days < 1 || days > expectationDaysMax)
    throw new InvalidArgumentError(`A whole number from 1 to ${expectationDaysMax}.`)
  return days
}

function draftOf(flags: Flags, reason: string): ExpectationDraft {
  const { rule = null, host = null, account = null, range = null, provider = null } = flags
  const scope = { rule, host, account, range, provider }
  const draft = { scope, condition: flags.where, outcome: flags.outcome, reason, days: flags.days, alertId: null }
  const parsed = ExpectationDraft.safeParse(draft)
  if (!parsed.success) throw new Trouble('input.invalid', { fields: { call: parsed.error.issues[0]?.message ?? '' } })
  return parsed.data
}

async function atHouse<T>(work: (desk: Parameters<typeof previewExpectation>[0]) => Promise<T>): Promise<T> {
  const opened = await openHouse()
  try {
    return await work({ db: opened.database.db, clock: systemClock })
  } finally {
    await opened.close()
  }
}

async function list(json: boolean): Promise<void> {
  const rows = await atHouse(({ db }) => listExpectations(db, systemClock.now()))
  if (json) for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`)
  else process.stdout.write(rows.length === 0 ? 'Nothing is expected yet.\n' : rows.map(line).join(''))
}

function line(one: Expectation): string {
  const state =
    one.retired !== null ? 'retired' : Date.parse(one.expiresAt) <= systemClock.now().getTime() ? 'ran out' : 'stands'
  const marks = `${one.decides ? ', decides by itself' : ''}${one.against > 0 ? `, held for harm ${one.against} times` : ''}`
  const where = one.condition === '' ? '' : ` where ${shownLines(one.condition)}`
  return `E-${one.number}\t${state}${marks}\t${shownLines(scopeWords(one.scope))}${where}\t${one.outcome}\t${one.hits} hits\tuntil ${one.expiresAt.slice(0, 10)}\t${shownLines(one.owner.name)}\n`
}

async function preview(flags: Flags): Promise<void> {
  const found = await atHouse((desk) => previewExpectation(desk, draftOf({ ...flags, days: 1 }, 'preview')))
  process.stdout.write(flags.json ? `${JSON.stringify(found)}\n` : previewWords(found))
  if (found.hidden > 0) process.exitCode = 1
}

function previewWords(found: ExpectationPreview): string {
  const { holds, agrees, otherwise, open, contradicted, unknown, hidden } = found
  const lines = [
    `In the last 90 days it holds for ${holds}: ${agrees} decided so, ${otherwise} otherwise, ${open} open. ${contradicted} not, by the condition; ${unknown} cannot tell.`,
    ...(hidden > 0 ? [`IT WOULD HAVE HIDDEN ${hidden} incidents or minor troubles, and is refused like this:`] : []),
    ...found.rows
      .filter((row) => row.hidden)
      .map((row) => `  A-${row.number}  ${row.receivedAt.slice(0, 16)}  ${row.outcome}  ${shownLines(row.title)}`),
  ]
  return `${lines.join('\n')}\n`
}

async function add(flags: Flags): Promise<void> {
  const made = await atHouse(async (desk) => {
    const owner = await ownerByMail(desk.db, flags.owner)
    if (owner === null) throw new Trouble('input.invalid', { fields: { owner: 'Nobody has this address' } })
    return addExpectation(desk, { draft: draftOf(flags, flags.reason), owner: owner.id, by: 'system' })
  })
  process.stdout.write(flags.json ? `${JSON.stringify(made)}\n` : `E-${made.number}\n`)
}

async function retire(number: string, flags: { reason: string }): Promise<void> {
  await atHouse(async (desk) => {
    const rows = await listExpectations(desk.db, systemClock.now())
    const found = rows.find((one) => `e-${one.number}` === number.toLowerCase())
    if (found === undefined) throw new Trouble('not.found', { expectation: number })
    await retireExpectation(desk, { id: found.id, by: 'system', reason: flags.reason })
  })
}
