import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { AlertPage } from '../../../../src/contract/desk.ts'
import type { Outcome } from '../../../../src/model/triage.ts'
import { call } from '../../api.ts'
import { say } from '../../parts/toast.tsx'
import { outcomeWords } from '../../words.ts'

/** What a person is about to decide, before it is said. */
export type DraftDecision = ReturnType<typeof useDraftDecision>

export function useDraftDecision(page: AlertPage) {
  const { alert, version } = page
  const client = useQueryClient()
  const [outcome, setOutcome] = useState<Outcome | null>(null)
  const [reason, setReason] = useState('')
  const [cites, setCites] = useState<ReadonlySet<string>>(new Set())
  const [withoutEvidence, setWithoutEvidence] = useState(false)
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
      setOutcome(null)
      setReason('')
      setCites(new Set())
      setWithoutEvidence(false)
    },
    onSettled: () => Promise.all([again(), client.invalidateQueries({ queryKey: ['queue'] })]),
  })
  return {
    outcome,
    reason,
    cites,
    withoutEvidence,
    decide,
    undo,
    setReason,
    setWithoutEvidence,
    choose: (chosen: Outcome) => {
      setOutcome(chosen)
      document.querySelector('#decide')?.scrollIntoView({ block: 'nearest' })
    },
    cite: (findingId: string) => {
      setWithoutEvidence(false)
      const next = new Set(cites)
      if (!next.delete(findingId)) next.add(findingId)
      setCites(next)
    },
    ready: outcome !== null && reason.trim() !== '' && (withoutEvidence || cites.size > 0),
  }
}
