import type { Alert } from '../model/alert.ts'
import type { Finding } from '../model/finding.ts'
import type { Judgement, PastAlert } from '../model/triage.ts'
import { fidelityOf } from './fidelity.ts'
import { makeLadder } from './ladder.ts'
import { proposalFor } from './proposal.ts'
import { riskOf } from './risk.ts'
import { sentenceFor } from './sentence.ts'
import type { Sign } from './signs.ts'

/** Everything a judgement is made of. `history`: earlier alerts of the same rule about the same entity, newest first. */
export type Evidence = {
  readonly alert: Alert
  readonly findings: readonly Finding[]
  readonly history: readonly PastAlert[]
  readonly now: Date
  /** What the house remembers of it: expectations that hold, and what people said of its machines and people. */
  readonly remembered?: readonly Sign[]
}

/** The ladder, delivered and attained fidelity, the risk with its parts, a proposal and one sentence. Pure: same evidence, same judgement. */
export function judge({ alert, findings, history, now, remembered = [] }: Evidence): Judgement {
  const ladder = makeLadder(alert, findings)
  const fidelity = fidelityOf(ladder)
  const risk = riskOf(alert, findings, now)
  const proposal = proposalFor({ alert, findings, history, remembered, ladder, fidelity, risk })
  return { ladder: [...ladder], fidelity, risk, proposal, sentence: sentenceFor(alert, findings, fidelity) }
}
