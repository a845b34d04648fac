import type { Fidelity, LadderRung } from '../model/triage.ts'

/**
 * Delivered: rungs the provider's message came with. Attained: those, and the rungs where somebody looked (found something, or
 * found nothing there). Applicable: all rungs but those that make no sense for this alert. The gap is the work the customer did.
 */
export function fidelityOf(ladder: readonly LadderRung[]): Fidelity {
  const applicable = ladder.filter((rung) => rung.state !== 'not-applicable')
  return {
    delivered: applicable.filter((rung) => rung.delivered).length,
    attained: applicable.filter(isAttained).length,
    applicable: applicable.length,
  }
}

/** True where this rung is answered: by the message, or because somebody looked. */
export function isAttained(rung: LadderRung): boolean {
  return rung.delivered || rung.state === 'found' || rung.state === 'nothing'
}
