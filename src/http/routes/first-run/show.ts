import { FirstStep } from '../../../contract/first-run.ts'
import { firstFacts } from '../../../db/first-run.ts'
import { sampleState } from '../../../db/sample.ts'
import { settingOf } from '../../../db/settings.ts'
import { serve } from '../../serve.ts'

export const showFirstRun = serve('GET /api/first-run', async ({ front, session }) => {
  const { db, clock, settings } = front
  const { config } = settings
  const domains = (await settingOf(db, 'own-domains')) ?? config.ownDomains
  const doors = (config.smtp === undefined ? 0 : 1) + config.imap.length + config.folders.length + 1
  const [facts, sample, skipped] = await Promise.all([
    firstFacts(db, { domains, doors, userId: session().user.id }, clock.now()),
    sampleState(db),
    settingOf(db, 'first-run-skipped'),
  ])
  const steps = FirstStep.options.map((step) => {
    const { done = false, says = '' } = facts.get(step) ?? {}
    const state = done ? ('done' as const) : skipped?.includes(step) === true ? ('skipped' as const) : ('open' as const)
    return { step, state, says }
  })
  return { steps, sample }
})
