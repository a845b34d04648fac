import { getAlert } from '../db/alerts.ts'
import { expectationById } from '../db/expectations.ts'
import type { PlaybooksFront } from '../http/playbooks-front.ts'
import { Trouble } from '../kit/errors.ts'
import { askBacktest, type Candidate, cancelBacktest } from '../playbooks/backtest/backtest-job.ts'
import { candidateOf } from '../playbooks/backtest/candidate.ts'
import { cancelByHand, markByHand, startByHand, startOnText } from '../playbooks/by-hand.ts'
import { exportCacao } from '../playbooks/cacao/export.ts'
import { dryRun } from '../playbooks/dry-run.ts'
import type { House } from '../playbooks/house.ts'
import { importPlaybook, removePlaybook } from '../playbooks/import-playbook.ts'
import { nudge, retryFrom, skipStep } from '../playbooks/mend-run.ts'
import { playbookById } from '../playbooks/shelf.ts'
import { pageOf, shelfOf } from './playbook-pages.ts'

/** Hands the playbooks to the front. */
export function playbookWork(house: House): PlaybooksFront {
  return {
    list: () => shelfOf(house),
    page: (id) => pageOf(house, id),
    start: async ({ playbookId, alertId, by }) =>
      startByHand(house, { playbook: await playbookById(house, playbookId), alertId, by }),
    lookUp: async ({ playbookId, text, reason, by }) =>
      startOnText(house, { playbook: await playbookById(house, playbookId), text, reason, by }),
    dryRun: async (playbookId, alertNumber) => {
      const record = await getAlert(house.db, alertNumber)
      if (record === null) throw new Trouble('input.invalid', { fields: { alert: 'There is no alert of this number' } })
      return (await dryRun(house, await playbookById(house, playbookId), record.alert.id)).id
    },
    cancel: (cancel) => cancelByHand(house, cancel),
    retry: (mending) => retryFrom(house, mending),
    skip: (mending) => skipStep(house, mending),
    nudge: (mending) => nudge(house, mending),
    askBacktest: async ({ kind, days, playbook, text, expectation: id, by }) => {
      if (kind === 'expectation') {
        const expectation = id === undefined ? null : await expectationById(house.db, id, house.clock.now())
        if (expectation === null) throw new Trouble('not.found', { expectation: id })
        return askBacktest(house, { candidate: { kind, expectation }, days, by })
      }
      const candidate: Candidate =
        playbook === undefined
          ? candidateOf(kind, text ?? '', house.library)
          : { kind: 'playbook', playbook: await playbookById(house, playbook) }
      return askBacktest(house, { candidate, days, by })
    },
    cancelBacktest: (cancel) => cancelBacktest(house, cancel),
    importText: async (imported) => (await importPlaybook(house, imported)).id,
    remove: (removed) => removePlaybook(house, removed),
    cacao: async (id) => exportCacao(await playbookById(house, id), house.clock.now()),
    mark: (marking) => markByHand(house, marking),
  }
}
