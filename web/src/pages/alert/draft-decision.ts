import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { AlertPage } from '../../../../src/contract/desk.ts'
import type { Outcome } from '../../../../src/model/triage.ts'
import { call } from '../../api.ts'
import { say } from '../../parts/toast.tsx'
import { outcomeWords } from '../../words.ts'
import { type Draft, keepDraft, keptDraft, nothingYet } from './kept-draft.ts'

/** What a person is about to decide, before it is said. */
export type DraftDecision = ReturnType<typeof useDraftDecision>

export function useDraftDecision(page: AlertPage) {
  const { alert, version } = page
  const client = useQueryClient()
  const [draft, setDraft] = useState(() => keptDraft(alert.id))
  // Evidence is never taken away, but a kept draft may be of another record: only what is there can be cited.
  const cites: ReadonlySet<string> = new Set(draft.cites.filter((id) => page.findings.some((one) => one.id === id)))
  const { outcome, reason, withoutEvidence } = draft
  const change = (changes: Partial<Draft>) =>
    setDraft((before) => {
      const next = { ...before, ...changes }
      keepDraft(alert.id, next)
      return next
    })
  const again = () => client.invalidateQueries({ queryKey: ['alert', alert.id] })

  const undo = useMutation({
    mutationFn: (decisionId: string) =>
      call('POST /api/alerts/:id/decision/undo', { params: { id: alert.id }, body: { decisionId } }),
    onSuccess: () => say(`A-${alert.number} is open again.`),
    onError: (error) => say(`Not undone: ${error.message}`, { bad: true }),
    onSettled: again,
  })
  const decide = useMutation({
    mutationFn: (chosen: Outcome) =>
      call('POST /api/alerts/:id/decision', {
        params: { id: alert.id },
        body: { outcome: chosen, reason, cites: withoutEvidence ? [] : [...cites], withoutEvidence, version },
      }),
    onSuccess: (done, chosen) => {
      say(`A-${alert.number}: ${outcomeWords[chosen].toLowerCase()}.`, { undo: () => undo.mutate(done.decisionId) })
      change(nothingYet)
    },
    // After a conflict the page shows what changed, and the draft stays: it is said again with one press.
    onSettled: () => Promise.all([again(), client.invalidateQueries({ queryKey: ['queue'] })]),
  })
  return {
    outcome,
    reason,
    cites,
    withoutEvidence,
    decide,
    undo,
    setReason: (said: string) => change({ reason: said }),
    setWithoutEvidence: (without: boolean) => change({ withoutEvidence: without }),
    choose: (chosen: Outcome) => {
      change({ outcome: chosen })
      document.querySelector('#decide')?.scrollIntoView({ block: 'nearest' })
    },
    cite: (findingId: string) => {
      const next = new Set(cites)
      if (!next.delete(findingId)) next.add(findingId)
      change({ cites: [...next], withoutEvidence: false })
    },
    /** All of it at once: from a proposal, or as an earlier alert was decided. */
    take: (whole: Pick<Draft, 'outcome' | 'reason' | 'cites'>) => {
      change({ ...whole, withoutEvidence: false })
      document.querySelector('#decide')?.scrollIntoView({ block: 'nearest' })
    },
    /** Takes the proposed outcome over, and cites what supports it first; the reason is a person's. False when nothing is proposed. */
    propose: (): boolean => {
      const proposal = page.judgement?.proposal
      if (proposal === undefined || proposal.outcome === null) return false
      const first = proposal.supports.find((one) => one.findingId !== null)?.findingId
      change({
        outcome: proposal.outcome,
        cites: cites.size > 0 || first == null ? [...cites] : [first],
        withoutEvidence: false,
      })
      document.querySelector('#decide')?.scrollIntoView({ block: 'nearest' })
      return true
    },
    ready: outcome !== null && reason.trim() !== '' && (withoutEvidence || cites.size > 0),
  }
}
