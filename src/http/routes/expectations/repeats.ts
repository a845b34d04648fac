import { repeatDays, repeatRates, repeatsOf } from '../../../db/repeats.ts'
import { wilson } from '../../../measure/wilson.ts'
import { serve } from '../../serve.ts'

/** The window of the rate. */
function stretch(now: Date): { readonly from: Date; readonly to: Date } {
  return { from: new Date(now.getTime() - repeatDays * 86_400_000), to: now }
}

export const showRepeatRates = serve('GET /api/repeats', async ({ front }) => {
  const { from, to } = stretch(front.clock.now())
  const rates = await repeatRates(front.db, from, to)
  return {
    rates: rates.map((rate) => ({ ...rate, interval: wilson(rate.repeated, rate.n) })),
    ...{ from: from.toISOString(), to: to.toISOString() },
  }
})

export const showRepeats = serve('GET /api/repeats/:provider', async ({ front, params }) => {
  const { from, to } = stretch(front.clock.now())
  const rows = await repeatsOf(front.db, params.provider, from, to)
  return { rows: [...rows], from: from.toISOString(), to: to.toISOString() }
})
