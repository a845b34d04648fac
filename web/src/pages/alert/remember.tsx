import { Button, Checkbox, Modal, NumberInput, Select, Textarea, TextInput } from '@mantine/core'
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { AlertPage } from '../../../../src/contract/desk.ts'
import {
  type ExpectationDraft,
  type ExpectationPreview,
  ExpectedOutcome,
  expectationDaysMax,
  previewDays,
} from '../../../../src/model/expectation.ts'
import { call, fieldProblem } from '../../api.ts'
import { useSettled } from '../../parts/hits.tsx'
import { Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { outcomeShort, outcomeWords, plural } from '../../words.ts'
import type { DraftDecision } from './draft-decision.ts'

const standingOf = (page: AlertPage) => page.decisions.find((decision) => decision.undoneAt === null)

/** An incident or trouble to mend is nothing to expect; and what names nothing can be expected of nothing. */
export function mayRemember(page: AlertPage): boolean {
  const { rule, host, entity, account, source } = page.alert
  const named = [rule, host, entity, account, source].some((value) => value !== null)
  const outcome = standingOf(page)?.outcome
  return named && (outcome === undefined || ExpectedOutcome.safeParse(outcome).success)
}

/** Three months: long enough to be worth it, and half of the most. */
const daysAtFirst = 90

type Typed = {
  readonly rule: string
  readonly host: string
  readonly account: string
  readonly range: string
  readonly provider: boolean
  readonly condition: string
  readonly outcome: ExpectedOutcome
  readonly reason: string
  readonly days: number
}

function firstTyped(page: AlertPage, draft: DraftDecision): Typed {
  const standing = standingOf(page)
  const { alert } = page
  const expected = ExpectedOutcome.safeParse(standing?.outcome ?? draft.outcome)
  return {
    ...{ rule: alert.rule ?? '', host: alert.host ?? alert.entity ?? '', account: '', range: '', provider: true },
    ...{ condition: '', outcome: expected.success ? expected.data : 'false-alarm-benign' },
    ...{ reason: standing?.reason ?? draft.reason, days: daysAtFirst },
  }
}

function draftOf(typed: Typed, page: AlertPage): ExpectationDraft {
  const orNull = (text: string): string | null => (text.trim() === '' ? null : text.trim())
  const { rule, host, account, range, condition, outcome, reason, days } = typed
  return {
    scope: {
      ...{ rule: orNull(rule), host: orNull(host), account: orNull(account), range: orNull(range) },
      provider: typed.provider ? page.alert.providerId : null,
    },
    ...{ condition, outcome, reason, days, alertId: page.alert.id },
  }
}

/** Remembers an answer: for which alerts, on what condition, until when; with what it would have matched before it counts. */
export function RememberPanel({
  page,
  draft,
  close,
}: {
  readonly page: AlertPage
  readonly draft: DraftDecision
  readonly close: () => void
}) {
  const client = useQueryClient()
  const [typed, setTyped] = useState(() => firstTyped(page, draft))
  const change = (changes: Partial<Typed>) => setTyped((before) => ({ ...before, ...changes }))
  const body = draftOf(typed, page)
  const settled = useSettled(JSON.stringify({ ...body, reason: 'x', days: 1 }))
  const preview = useQuery({
    queryKey: ['expectation-preview', settled],
    queryFn: () => call('POST /api/expectations/preview', { body: JSON.parse(settled) as ExpectationDraft }),
    placeholderData: keepPreviousData,
    retry: false,
  })
  const add = useMutation({
    mutationFn: () => call('POST /api/expectations', { body }),
    onSuccess: ({ number }) => {
      say(`E-${number}: remembered for ${plural(typed.days, 'day')}.`)
      close()
    },
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ['alert', page.alert.id] }),
        client.invalidateQueries({ queryKey: ['expectations'] }),
      ]),
  })
  const wrong = (field: string) => fieldProblem(add.error, field) ?? fieldProblem(preview.error, field)
  const hides = (preview.data?.hidden ?? 0) > 0
  const ready = typed.reason.trim() !== '' && preview.error === null && !hides
  return (
    <Modal
      opened
      onClose={close}
      title="Remember this answer"
      size="lg"
      transitionProps={{ duration: 0 }}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          if (ready) add.mutate()
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || !ready) return
          event.preventDefault()
          add.mutate()
        }}
      >
        <p className="dim">
          An alert that all of this fits gets this answer proposed. What is left empty does not matter.
        </p>
        <div className="remember-scope">
          <TextInput
            label="Rule"
            data-autofocus
            value={typed.rule}
            error={wrong('scope')}
            onChange={(event) => change({ rule: event.currentTarget.value })}
          />
          <TextInput
            label="Host or subject"
            value={typed.host}
            onChange={(event) => change({ host: event.currentTarget.value })}
          />
          <TextInput
            label="Account"
            value={typed.account}
            onChange={(event) => change({ account: event.currentTarget.value })}
          />
          <TextInput
            label="Source or destination in"
            placeholder={page.alert.source ?? '192.0.2.0/24'}
            value={typed.range}
            error={wrong('range')}
            onChange={(event) => change({ range: event.currentTarget.value })}
          />
        </div>
        <Checkbox
          size="xs"
          label={`Only alerts of ${page.alert.providerName}`}
          checked={typed.provider}
          onChange={(event) => change({ provider: event.currentTarget.checked })}
        />
        <TextInput
          label="And only where"
          description="A condition as in playbooks; what could not be looked at is never a yes"
          placeholder='answers.change_window_of_asset.found && alert.severity != "critical"'
          value={typed.condition}
          error={wrong('condition')}
          onChange={(event) => change({ condition: event.currentTarget.value })}
        />
        <div className="remember-scope">
          <Select
            label="Answer"
            allowDeselect={false}
            value={typed.outcome}
            data={ExpectedOutcome.options.map((value) => ({ value, label: outcomeWords[value] }))}
            onChange={(value) => value !== null && change({ outcome: value as ExpectedOutcome })}
          />
          <NumberInput
            label="For days"
            min={1}
            max={expectationDaysMax}
            value={typed.days}
            onChange={(value) =>
              change({ days: Math.min(expectationDaysMax, Math.max(1, Math.round(Number(value) || 1))) })
            }
          />
        </div>
        <Textarea
          label="Why"
          autosize
          minRows={2}
          maxRows={6}
          maxLength={4000}
          value={typed.reason}
          onChange={(event) => change({ reason: event.currentTarget.value })}
        />
        {preview.data !== undefined && preview.error === null && <Preview preview={preview.data} />}
        <Problem error={add.error ?? preview.error} />
        <div className="row">
          <Button type="submit" disabled={!ready} loading={add.isPending}>
            Remember this
          </Button>
          <span className="dim">Ctrl+Enter</span>
        </div>
      </form>
    </Modal>
  )
}

/** Rows of a preview that are worth reading before a decision; the counts are of all. */
const rowsShown = 6

/** What an expectation would have matched: counts, harm among it, and the newest. */
export function Preview({ preview }: { readonly preview: ExpectationPreview }) {
  const { holds, agrees, otherwise, open, contradicted, unknown, hidden } = preview
  const beside = [
    ...(contradicted > 0 ? [`${contradicted} not, by the condition`] : []),
    ...(unknown > 0 ? [`${unknown} where nobody can tell: never a yes`] : []),
  ]
  return (
    <section className="remember-preview" aria-label="Preview" aria-live="polite">
      <p>
        <strong>
          In the last {previewDays} days: {plural(holds, 'alert')}
        </strong>
        {holds > 0 && `: ${agrees} decided so, ${otherwise} decided otherwise, ${open} open`}
        {beside.length > 0 && ` · ${beside.join(', ')}`}
        {preview.cut && ' · only the newest 5,000 in scope were looked at'}
      </p>
      {hidden > 0 && (
        <p className="remember-hidden" role="alert">
          <strong>
            It would have hidden {plural(hidden, 'alert')} that somebody decided as incident or minor trouble.
          </strong>{' '}
          It cannot be kept like this: narrow the scope or the condition.
        </p>
      )}
      <ul>
        {preview.rows.slice(0, rowsShown).map((row) => (
          <li key={row.alertId}>
            <Link to="/alerts/$id" params={{ id: row.alertId }} className="mono">
              A-{row.number}
            </Link>{' '}
            <span className={row.hidden ? 'tag bad' : 'tag plain'}>
              {row.outcome === null ? 'Open' : outcomeShort[row.outcome]}
            </span>{' '}
            {row.kind !== 'holds' && <span className="dim">{row.why} </span>}
            <span className="dim">
              <When at={row.receivedAt} ago />
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}
