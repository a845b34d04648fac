import { type Approval, approvalsOfRun, endApproval, insertApproval, starterOf } from '../../db/approvals.ts'
import type { Db } from '../../db/open.ts'
import { ticketOf } from '../../db/tickets.ts'
import { canonicalJson, type Json } from '../../kit/canonical-json.ts'
import { sha256Hex } from '../../kit/digest.ts'
import { Trouble } from '../../kit/errors.ts'
import { append } from '../../ledger/append.ts'
import type { ApprovalAsk, ApprovalMatter } from '../../model/approval.ts'
import { type Known, wordsForText } from '../condition-words.ts'
import { renderText } from '../texts.ts'
import { onceId, type Walk } from '../walk.ts'
import { askStage } from './ask-place.ts'
import { type Around, ownerIn, peopleOfPlace } from './who.ts'

type Asking = { readonly path: string; readonly ask: ApprovalAsk; readonly known: Known; readonly deadline: Date }

/**
 * Asks people to sign, in the transaction that writes the step's line: what is asked, its exact bytes, of whom and under which rule are fixed
 * here. Whoever started the run by hand is not asked. Throws Trouble('input.invalid') when too few people with an account are left for a place.
 */
export async function askForApproval(walk: Walk, tx: Db, asking: Asking): Promise<Approval> {
  const { house, run } = walk
  const { ask, path } = asking
  const starter = await starterOf(tx, run.id)
  const matter = matterOf(ask, asking.known)
  const seats = await seatsFor(tx, ask, starter, await aroundOf(tx, run.alertId, asking.known))
  const now = house.clock.now()
  const id = onceId(walk, path, 'approval')
  const subject = canonicalJson({
    ...{ approval: id, alert: run.alertId, alertNumber: asking.known.alert.alert.number, run: run.id, step: path },
    ...{
      playbook: run.playbookId,
      version: walk.snapshot.main.version,
      steps: sha256Hex(canonicalJson(walk.snapshot as unknown as Json)),
    },
    ...{ what: matter.what, about: matter.about, why: matter.why, changes: matter.changes, ifSilent: matter.ifSilent },
  })
  for (const before of await approvalsOfRun(tx, run.id, path))
    if (before.state === 'open') await endApproval(tx, before.id, 'void', now)
  const approval: Approval = {
    ...{ id, alertId: run.alertId, of: { kind: 'step', runId: run.id, stepPath: path } },
    ...{ subject, subjectSha256: sha256Hex(subject), matter },
    ...{
      rule: ruleOf(ask, run.playbookId, walk.snapshot.main.version),
      askedBy: starter === null ? `playbook:${run.playbookId}` : `user:${starter}`,
    },
    ...{
      askedAt: now.toISOString(),
      expiresAt: asking.deadline.toISOString(),
      placeNow: 0,
      state: 'open',
      endedAt: null,
    },
  }
  await insertApproval(tx, approval, seats)
  const body = {
    ...{
      alertId: run.alertId,
      runId: run.id,
      step: path,
      subjectSha256: approval.subjectSha256,
      subject,
      rule: approval.rule,
    },
    ...{ expiresAt: approval.expiresAt, askedBy: approval.askedBy, places: matter.places },
    seats: seats.map(({ place, userId, deputy }) => ({ place, user: userId, deputy })),
  }
  await append(
    tx,
    { kind: 'approval.asked', actor: `playbook:${run.playbookId}`, subject: `approval:${id}`, body },
    house.clock,
  )
  await askStage(house, tx, approval, 0, ask.remind)
  return approval
}

function matterOf(ask: ApprovalAsk, known: Known): ApprovalMatter {
  const words = wordsForText(known)
  const said = (text: string): string => renderText(text, words).replaceAll(/\s+/g, ' ').trim().slice(0, 600)
  return {
    ...{
      what: said(ask.what),
      about: said(ask.about),
      why: said(ask.why),
      changes: said(ask.changes),
      ifSilent: said(ask.ifSilent),
    },
    alternatives: ask.alternatives,
    places: ask.from.map(({ title, quorum, beside }) => ({ title, quorum, ...(beside === true ? { beside } : {}) })),
  }
}

function ruleOf(ask: ApprovalAsk, playbook: string, version: number): string {
  const places = ask.from.map(
    ({ title, quorum, people, beside }, at) =>
      `${at === 0 ? '' : beside === true ? '; beside it ' : '; then '}${title}: ${quorum} of ${people.join(', ')}`,
  )
  return `${playbook} version ${version}; ${places.join('')}; whoever asked does not sign; nobody counts twice while another can sign`
}

/** What offices, the matrix and owners are read with. */
async function aroundOf(tx: Db, alertId: string, known: Known): Promise<Around> {
  const { alert } = wordsForText(known) as { alert: { host: string; source: string; entity: string } }
  const type = (await ticketOf(tx, alertId))?.type ?? 'provider-alert'
  return { ticketType: type, ownerEmail: ownerIn(known.findings, [alert.host, alert.source, alert.entity]) }
}

async function seatsFor(tx: Db, ask: ApprovalAsk, starter: string | null, around: Around) {
  const seats: { place: number; userId: string; deputy: boolean }[] = []
  for (const [place, asked] of ask.from.entries()) {
    const { title, quorum } = asked
    const { members, deputies, missing } = await peopleOfPlace(tx, asked, around)
    const sitting = new Set<string>()
    for (const [users, deputy] of [
      [members, false],
      [deputies, true],
    ] as const)
      for (const { id } of users)
        if (id !== starter && !sitting.has(id)) {
          sitting.add(id)
          seats.push({ place, userId: id, deputy })
        }
    if (sitting.size < quorum) {
      throw new Trouble('input.invalid', {
        problem: [`"${title}" needs ${quorum} and ${sitting.size} can sign`, ...missing].join('; '),
      })
    }
  }
  return seats
}
