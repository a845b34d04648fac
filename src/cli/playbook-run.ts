import { getAlert } from '../db/alerts.ts'
import { transaction } from '../db/open.ts'
import { addressOfAnswer, addressOfApproval } from '../http/links.ts'
import { systemClock } from '../kit/clock.ts'
import { Trouble } from '../kit/errors.ts'
import { openSources } from '../main/sources.ts'
import type { JournalLine, Playbook, Run } from '../model/playbook.ts'
import { dryRun } from '../playbooks/dry-run.ts'
import type { House, Log } from '../playbooks/house.ts'
import type { Library } from '../playbooks/library.ts'
import { startRun } from '../playbooks/on-alert.ts'
import { newNodeId } from '../playbooks/worker.ts'
import { type OpenHouse, openHouse } from './open-house.ts'
import { found, libraryNow } from './playbook.ts'

export type RunFlags = { alert: number; dryRun: boolean; json: boolean }

/** `counterfoil playbook run`. */
export async function runAction(id: string, flags: RunFlags): Promise<void> {
  const library = await libraryNow()
  const playbook = found(library, id)
  const opened = await openHouse()
  try {
    const { db } = opened.database
    const record = await getAlert(db, flags.alert)
    if (record === null) throw new Trouble('not.found', { alert: flags.alert })
    const alertId = record.alert.id
    if (flags.dryRun) await tryOut(opened, library, playbook, alertId, flags)
    else {
      const trigger = `hand ${systemClock.now().toISOString()}`
      const runId = await transaction(db, (tx) =>
        startRun({ library, clock: systemClock }, tx, { playbook, alertId, trigger }),
      )
      process.stdout.write(
        flags.json ? `${JSON.stringify({ runId })}\n` : `Started run ${runId}; the server goes on with it.\n`,
      )
    }
  } finally {
    await opened.close()
  }
}

const log: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: (details, text) => void process.stderr.write(`counterfoil: ${text} ${JSON.stringify(details)}\n`),
  error: (details, text) => void process.stderr.write(`counterfoil: ${text} ${JSON.stringify(details)}\n`),
}

async function tryOut(
  opened: OpenHouse,
  library: Library,
  playbook: Playbook,
  alertId: string,
  flags: RunFlags,
): Promise<void> {
  const { db } = opened.database
  const sources = await openSources({ db, clock: systemClock, log, settings: opened.settings })
  try {
    const run = await dryRun(dryHouse(opened, library, sources.ask), playbook, alertId)
    process.stdout.write(flags.json ? `${JSON.stringify(run)}\n` : timelineOf(run))
    if (run.state !== 'done') process.exitCode = 1
  } finally {
    await sources.close()
  }
}

/** A house whose doors to the outside are walled up: a dry run that reached for one would stop there. */
function dryHouse(opened: OpenHouse, library: Library, ask: House['ask']): House {
  const walled = (): never => {
    throw new Trouble('internal', { problem: 'a dry run reached for the outside' })
  }
  return {
    db: opened.database.db,
    clock: systemClock,
    log,
    node: newNodeId(),
    tell: () => undefined,
    library,
    ask,
    people: opened.settings.config.people,
    answerUrl: (token) => addressOfAnswer(opened.settings, token),
    approvalUrl: (token) => addressOfApproval(opened.settings, token),
    parse: walled,
    authenticate: walled,
    openMail: walled,
    cannotMail: () => null,
    mailNotice: walled,
    draftReply: walled,
    replySeen: walled,
  }
}

function timelineOf(run: Run & { readonly error: string }): string {
  const lines = run.journal.map((line) => `${line.state.padEnd(9)} ${line.path.padEnd(32)} ${saysOf(line)}`)
  const head = `Dry run of ${run.title} (${run.playbookId} version ${run.playbookVersion}): nothing was kept, changed or sent.`
  return `${[head, '', ...lines, '', `The run is ${run.state}${run.error === '' ? '' : `: ${run.error}`}.`].join('\n')}\n`
}

function saysOf(line: JournalLine): string {
  if (line.error !== null) return line.error
  return line.output === null ? '' : JSON.stringify(line.output).slice(0, 400)
}
