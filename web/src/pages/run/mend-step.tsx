import { Button, Modal, Textarea } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { JournalLine } from '../../../../src/model/playbook.ts'
import { type Answer, call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { hasEffect } from './step-words.ts'

type Shown = Answer<'GET /api/runs/:id'>
type Act = 'retry' | 'skip' | 'nudge'
type Words = { readonly open: string; readonly title: string; readonly says: string; readonly go: string }

const words: Record<Act, Words> = {
  retry: {
    open: 'Retry from here…',
    title: 'Go on again from this step',
    says: 'This step and all behind it are taken again. What they found stays with the alert; the old lines stay on record, put aside.',
    go: 'Retry from here',
  },
  skip: {
    open: 'Skip…',
    title: 'Skip this step',
    says: 'The run goes on behind it as if it had nothing to do.',
    go: 'Skip the step',
  },
  nudge: {
    open: 'Remind…',
    title: 'Remind whoever is waited for',
    says: 'They get a mail with your words. At most one an hour.',
    go: 'Send the reminder',
  },
}

/** What can be done with a step now. A run under way is retried only where it waits: what walks is not pulled away. */
export function actsOn(run: Shown['run'], line: JournalLine): Act[] {
  if (run.dryRun) return []
  const acts: Act[] = []
  if (line.state === 'waiting') acts.push('nudge')
  if (run.state !== 'running') acts.push('retry')
  if (['waiting', 'running'].includes(line.state) || (line.state === 'failed' && run.state === 'failed'))
    acts.push('skip')
  return acts
}

/** Buttons of a step, each with its question why. */
export function MendStep({
  run,
  line,
  nudges,
}: {
  readonly run: Shown['run']
  readonly line: JournalLine
  readonly nudges: Shown['nudges']
}) {
  const may = useMay()
  const client = useQueryClient()
  const [act, setAct] = useState<Act | null>(null)
  const [reason, setReason] = useState('')
  const mend = useMutation({
    mutationFn: async (doing: Act): Promise<string> => {
      const about = { params: { id: run.id }, body: { path: line.path, reason } }
      if (doing === 'nudge') return `Reminded: ${(await call('POST /api/runs/:id/nudge', about)).to.join(', ')}.`
      await call(doing === 'retry' ? 'POST /api/runs/:id/retry' : 'POST /api/runs/:id/skip', about)
      return doing === 'retry' ? 'The run goes on from that step.' : 'Skipped; the run goes on.'
    },
    onSuccess: (told) => {
      say(told)
      setAct(null)
      setReason('')
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['run', run.id] }),
  })
  const nudged = nudges.find(({ path }) => path === line.path)
  const acts = actsOn(run, line)
  if (!may('playbook.run') || acts.length === 0) return null
  return (
    <div className="row wrap step-acts">
      {acts.map((one) => (
        <Button
          key={one}
          size="compact-sm"
          variant="default"
          data-act={one}
          onClick={() => {
            mend.reset()
            setAct(one)
          }}
        >
          {words[one].open}
        </Button>
      ))}
      {nudged !== undefined && (
        <span className="dim">
          reminded {nudged.times === 1 ? 'once' : `${nudged.times} times`}, <When at={nudged.at} ago />
        </span>
      )}
      {act !== null && (
        <Modal
          opened
          onClose={() => setAct(null)}
          title={words[act].title}
          closeButtonProps={{ 'aria-label': 'Close' }}
        >
          <div className="stack">
            <p>
              <strong>{line.title}</strong>. {words[act].says}
            </p>
            {act === 'retry' && hasEffect(line.kind) && (
              <p className="tag warn">A mail that this step sends is sent again.</p>
            )}
            <Textarea
              label={act === 'nudge' ? 'What you want to say' : 'Why'}
              data-autofocus
              autosize
              minRows={2}
              maxLength={2000}
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value)}
            />
            <Problem error={mend.error} />
            <div className="row">
              <Button disabled={reason.trim() === ''} loading={mend.isPending} onClick={() => mend.mutate(act)}>
                {words[act].go}
              </Button>
              <Button variant="default" onClick={() => setAct(null)}>
                Leave it
              </Button>
            </div>
          </div>
        </Modal>
      )}
    </div>
  )
}
