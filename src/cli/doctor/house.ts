import type { Config } from '../../config/config.ts'
import type { ConnectorState } from '../../db/connector-state.ts'
import type { DoorFact, JobFacts } from '../../db/health.ts'
import type { Node } from '../../db/nodes.ts'
import { broken, type Check, duration, notApplicable, ok, warn } from './check.ts'

/** Oldest PostgreSQL whose features the migrations use (MERGE, generated columns, unnest of several arrays). */
export const postgresMin = 150_000
/** A job that is ready is begun within milliseconds; this long means nobody does. */
export const readyMsMax = 5 * 60_000
/** Longer than any job of ours may take. */
export const heldMsMax = 60 * 60_000
/** A person was asked and a week went by. */
export const runWaitMsMax = 7 * 86_400_000
/** The sweeper looks every few seconds. */
export const deadlineLateMsMax = 10 * 60_000
export const clockWarnMs = 2_000
export const clockBrokenMs = 60_000
/** An asset list that is older than this answers about machines that are gone. */
export const listDaysMax = 30
/** The sequencer runs five times a second. */
export const ledgerWaitMsMax = 60_000

export function judgeServer(server: { version: string; versionNumber: number }): Check {
  if (server.versionNumber >= postgresMin) return ok('database', `PostgreSQL ${server.version} answers`)
  return broken('database', `PostgreSQL ${server.version} is too old`, 'Use PostgreSQL 15 or newer.')
}

export function judgeMigrations({
  pending,
  unknown,
}: {
  pending: readonly string[]
  unknown: readonly string[]
}): Check {
  if (unknown.length > 0)
    return broken(
      'migrations',
      `the database was made by a newer version (${unknown.join(', ')})`,
      'Install that version; a database is never brought back.',
    )
  if (pending.length > 0)
    return broken(
      'migrations',
      `${pending.length} migrations are missing (${pending.join(', ')})`,
      'Make a backup, then `counterfoil start`: it applies them.',
    )
  return ok('migrations', 'the database is of this version')
}

export function judgeClock({ aheadMs, roundTripMs }: { aheadMs: number; roundTripMs: number }): Check {
  const off = Math.max(0, Math.abs(aheadMs) - roundTripMs / 2)
  const says = `the database's clock is ${(Math.abs(aheadMs) / 1000).toFixed(1)} s ${aheadMs > 0 ? 'ahead of' : 'behind'} this machine's`
  if (off > clockBrokenMs)
    return broken('clock', says, 'Turn on time synchronisation (timedatectl set-ntp true) on both machines.')
  if (off > clockWarnMs) return warn('clock', says, 'Turn on time synchronisation on both machines.')
  return ok('clock', `the database's clock agrees within ${Math.max(1, Math.round(roundTripMs))} ms of looking`)
}

/** The machine a node runs on; a node also names the process namespace it lives in. */
export function machineOf(node: Node): string {
  return node.host.split(' ', 1)[0] ?? ''
}

export function judgeNodes(nodes: readonly Node[]): Check {
  const alive = nodes.filter((node) => node.alive)
  if (alive.length > 0) return ok('nodes', alive.map((node) => `${machineOf(node)} (pid ${node.pid})`).join(', '))
  const last = nodes
    .map((node) => node.heartbeatAt)
    .sort()
    .at(-1)
  return warn(
    'nodes',
    last === undefined ? 'no server runs' : `no server runs; one was last heard of at ${last}`,
    'Start it: `counterfoil start`.',
  )
}

export function judgeJobs(jobs: JobFacts, serverRuns: boolean): Check[] {
  const names = jobs.failedNames.map(({ name, error }) => `${name}: ${error.split('\n', 1)[0]}`).join('; ')
  const failed =
    jobs.failed === 0
      ? ok('jobs-failed', 'none has failed for good')
      : broken(
          'jobs-failed',
          `${jobs.failed} jobs have failed for good (${names})`,
          'The log of the server says why. Mend the cause; a run is tried again on its page (Retry from here).',
        )
  const waiting = `${jobs.ready} jobs are ready, the oldest for ${duration(jobs.oldestReadyMs)}`
  if (jobs.heldTooLong > 0)
    return [
      failed,
      broken(
        'jobs-stuck',
        `${jobs.heldTooLong} jobs are held for more than ${duration(heldMsMax)}`,
        'Restart the server: held jobs are freed.',
      ),
    ]
  if (jobs.ready === 0 || jobs.oldestReadyMs < readyMsMax)
    return [failed, ok('jobs-stuck', jobs.ready === 0 ? 'none waits' : waiting)]
  if (!serverRuns)
    return [failed, warn('jobs-stuck', `${waiting}, and no server runs`, 'Start it: `counterfoil start`.')]
  return [
    failed,
    broken('jobs-stuck', waiting, 'The server does not work through its jobs: restart it, and look at its log.'),
  ]
}

export function judgeRuns(runs: { waitingLong: number; late: number; failed: number }): Check {
  if (runs.late > 0)
    return broken(
      'runs',
      `${runs.late} steps are past their deadline and nothing happened`,
      'Restart the server; if they stay, look at the run in the web page.',
    )
  if (runs.failed > 0)
    return warn(
      'runs',
      `${runs.failed} runs failed in the last 7 days`,
      'Look at them: each says which step failed and why.',
    )
  if (runs.waitingLong > 0)
    return warn(
      'runs',
      `${runs.waitingLong} runs have waited for a person for more than ${duration(runWaitMsMax)}`,
      'Decide, answer for the person asked, or cancel them.',
    )
  return ok('runs', 'none is late')
}

export function judgeDoors(config: Config, doors: readonly DoorFact[]): Check[] {
  const configured = [
    ...(config.smtp ? ['smtp'] : []),
    ...config.imap.map((door) => `imap ${door.id}`),
    ...config.folders.map((folder) => `folder ${folder.path}`),
  ]
  const bad = doors.filter((door) => door.state !== 'active')
  const checks = bad.map((door) => {
    const since = door.lastSuccessAt === null ? 'it never worked' : `it last worked at ${door.lastSuccessAt}`
    return broken(
      'doors',
      `${door.door} is ${door.state}: ${door.says || 'no reason given'}; ${since}`,
      'Mend what it says; it goes on where it stopped, nothing is lost meanwhile.',
    )
  })
  if (checks.length > 0) return checks
  if (configured.length === 0)
    return [
      warn(
        'doors',
        'no door is configured: only POST /api/intake takes messages',
        'Add smtp, imap or folders to counterfoil.yaml.',
      ),
    ]
  return [ok('doors', configured.join(', '))]
}

export function judgeWaiting(waiting: {
  quarantined: number
  unconfirmed: number
  failedReplies: number
  failedNotices: number
}): Check[] {
  const counted = (name: string, count: number, words: string, mend: string): Check =>
    count === 0 ? ok(name, `no ${words}`) : warn(name, `${count} ${words}`, mend)
  return [
    counted(
      'quarantine',
      waiting.quarantined,
      'messages in quarantine',
      'Look at them under Quarantine: release or refuse each.',
    ),
    counted(
      'replies-unconfirmed',
      waiting.unconfirmed,
      'replies of which nobody knows whether they left',
      "Look in the provider's thread and settle each; they are never sent again by themselves.",
    ),
    counted(
      'replies-failed',
      waiting.failedReplies,
      'replies that the mail server refused',
      'Open the alert: the refusal is beside the reply.',
    ),
    counted(
      'notices-failed',
      waiting.failedNotices,
      'notices to our own people that could not be sent',
      'Check the addresses under `people` in counterfoil.yaml.',
    ),
  ]
}

const unknownWithout: Readonly<Record<string, string>> = {
  assets: 'no assets are known',
  people: 'no people are known',
  networks: 'no networks of our own are known',
  leases: 'nobody knows who had an address when',
  calendar: 'no change windows or absences are known',
}

export function judgeLists(lists: readonly { noun: string; rows: number; asOf: string | null }[], now: Date): Check[] {
  return lists.map(({ noun, rows, asOf }) => {
    const name = `list-${noun}`
    const command = `counterfoil import ${noun} FILE`
    if (rows === 0 || asOf === null)
      return warn(name, `${unknownWithout[noun] ?? `no ${noun} are known`}: questions about them stay open`, command)
    const days = Math.floor((now.getTime() - Date.parse(asOf)) / 86_400_000)
    if (days > listDaysMax) return warn(name, `${rows} ${noun}, ${days} days old`, `Bring a fresh one: ${command}`)
    return ok(name, `${rows} ${noun}, of ${asOf.slice(0, 10)}`)
  })
}

export function judgeConnectors(states: readonly ConnectorState[]): Check[] {
  const failing = states.filter((state) => (state.lastFailureAt ?? '') > (state.lastSuccessAt ?? ''))
  if (failing.length === 0)
    return [
      states.length === 0
        ? notApplicable('connectors', 'none was asked yet')
        : ok('connectors', `${states.length} answered when they were asked last`),
    ]
  return failing.map((state) =>
    warn(
      `connector ${state.connector}`,
      `failed when it was asked last (${state.lastFailureAt}): ${state.lastWhy}`,
      'Check its address, its secret and whether its source answers.',
    ),
  )
}

export type LedgerFacts = {
  readonly size: number
  readonly waiting: number
  readonly oldestWaitingMs: number
  readonly isFresh: boolean
}

/** The head was verified before this; here it is only about what waits. */
export function judgeLedger(ledger: LedgerFacts, serverRuns: boolean): Check {
  const says = ledger.isFresh ? 'the ledger is empty' : `the newest checkpoint verifies: ${ledger.size} records`
  if (ledger.waiting === 0 || ledger.oldestWaitingMs < ledgerWaitMsMax) return ok('ledger', says)
  const waits = `${ledger.waiting} records wait for their place for ${duration(ledger.oldestWaitingMs)}`
  if (!serverRuns) return warn('ledger', `${says}; ${waits}, and no server runs`, 'Start it: `counterfoil start`.')
  return broken(
    'ledger',
    `${says}; ${waits}`,
    'Look at the log of the server for "records wait for their place in the ledger".',
  )
}
