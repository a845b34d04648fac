import type { PlaybookPage, PlaybookRow, StepRow } from '../contract/playbooks.ts'
import { importedPlaybook, importedPlaybooks, lastRunsOf, runCounts } from '../db/playbooks.ts'
import { approvalWords } from '../model/approval.ts'
import { csfCategoryTitle } from '../model/csf.ts'
import type { Playbook, Step } from '../model/playbook.ts'
import { questions } from '../model/question.ts'
import { problemsOfChains } from '../playbooks/approvals/check-chains.ts'
import type { House } from '../playbooks/house.ts'
import { playbookById, type Shelf } from '../playbooks/shelf.ts'

type Shown = Shelf & Pick<House, 'clock'>

/** All playbooks with how often they ran: those of files first, by id. */
export async function shelfOf(house: Shown): Promise<readonly PlaybookRow[]> {
  const [imported, counts] = await Promise.all([importedPlaybooks(house.db), runCounts(house.db)])
  return Promise.all([
    ...house.library.all.map((playbook) => rowOf(house, playbook, 'file', counts)),
    ...imported.map(({ playbook }) => rowOf(house, playbook, 'imported', counts)),
  ])
}

/** Everything about one playbook. Throws Trouble('not.found'). */
export async function pageOf(house: Shown, id: string): Promise<PlaybookPage> {
  const kept = await importedPlaybook(house.db, id)
  const playbook = await playbookById(house, id)
  const isFile = house.library.byId(id) !== undefined
  return {
    row: await rowOf(house, playbook, isFile ? 'file' : 'imported', await runCounts(house.db)),
    steps: stepRows(playbook.steps, '', 0),
    lastRuns: [...(await lastRunsOf(house.db, id))],
    imported: isFile || kept === null ? null : { form: kept.form, by: kept.by, at: kept.at },
    playbook,
  }
}

async function rowOf(
  { db, clock }: Shown,
  playbook: Playbook,
  origin: PlaybookRow['origin'],
  counts: Awaited<ReturnType<typeof runCounts>>,
): Promise<PlaybookRow> {
  const steps = stepRows(playbook.steps, '', 0)
  const { id, version, title, description, on, priority } = playbook
  return {
    ...{ id, version, title, description: description.trim(), on, when: playbook.when ?? null, priority, origin },
    steps: steps.length,
    csf: [...new Set(steps.map((step) => step.csf))].sort(),
    phases: [...new Set(steps.map((step) => step.phase))],
    runs: counts.get(id) ?? { all: 0, underWay: 0, lastAt: null },
    signOff: [...(await problemsOfChains(db, playbook, clock.now()))],
  }
}

function stepRows(steps: readonly Step[], prefix: string, depth: number): StepRow[] {
  return steps.flatMap((step) => {
    const path = prefix + step.id
    const row: StepRow = {
      ...{ path, depth, kind: step.step, title: step.title, why: step.why ?? '', csf: step.csf, phase: step.phase },
      csfTitle: csfCategoryTitle(step.csf),
      when: step.when ?? null,
      says: saysOf(step),
    }
    return [row, ...innerRows(step, path, depth)]
  })
}

function innerRows(step: Step, path: string, depth: number): StepRow[] {
  if (step.step !== 'branch') return []
  const taken = step.branches.flatMap((branch, index) => stepRows(branch.steps, `${path}/${index}/`, depth + 1))
  return [...taken, ...stepRows(step.else ?? [], `${path}/else/`, depth + 1)]
}

/** What a step asks, mails, waits for or has done by people, line by line. */
function saysOf(step: Step): string[] {
  switch (step.step) {
    case 'ask':
      return step.questions.map(
        (question) => `${questions[question.ask].title}${question.each === undefined ? '' : ' (each)'}`,
      )
    case 'decide-proposal':
    case 'reply':
      return []
    case 'wait-for-person':
      return step.approval === undefined
        ? [`Waits for ${step.for}, at most ${step.expires}.`]
        : [approvalWords(step.approval, step.expires)]
    case 'notify':
      return [`To ${step.to.join(', ')}: ${step.subject}`]
    case 'checklist':
      return [
        ...step.items.map((item) => `☐ ${item.text.trim()}`),
        ...(step.choices === undefined ? [] : [`Choose: ${step.choices.join(' / ')}`]),
      ]
    case 'branch':
      return step.branches.map((branch, index) => `${index + 1}. if ${branch.if}`)
    case 'sub-playbook':
      return [`The steps of ${step.playbook}.`]
  }
}
