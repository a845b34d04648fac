import { Button, Modal, NumberInput, PasswordInput, Select, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { WebhookRow } from '../../../../src/contract/house.ts'
import type { WebhookRefusal, WebhookScheme } from '../../../../src/model/webhook.ts'
import { call, fieldProblem } from '../../api.ts'
import { useMay } from '../../me.ts'
import { Problem } from '../../parts/states.tsx'
import { SureButton } from '../../parts/sure-button.tsx'
import { When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { plural } from '../../words.ts'
import { ShownOnce } from './shown-once.tsx'

const kindWords: Record<WebhookScheme['kind'], string> = {
  standard: 'Standard Webhooks, Svix',
  hmac: 'HMAC in a header',
  'shared-secret': 'Secret in a header',
  basic: 'User and password (HTTP Basic)',
}
const refusalWords: Record<WebhookRefusal, string> = {
  address: 'from an address that is not theirs',
  'no-signature': 'without a signature',
  'bad-signature': 'with a wrong signature',
  'bad-time': 'too old, or of a wrong clock',
  'no-secret': 'while no secret was set',
}

const fresh: Record<WebhookScheme['kind'], WebhookScheme> = {
  standard: { kind: 'standard', toleranceSeconds: 300 },
  hmac: {
    ...{ kind: 'hmac', header: 'X-Hub-Signature-256', prefix: 'sha256=', algorithm: 'sha256', encoding: 'hex' },
    ...{ timestampHeader: null, toleranceSeconds: 300 },
  },
  'shared-secret': { kind: 'shared-secret', header: 'X-Webhook-Token' },
  basic: { kind: 'basic', user: 'webhook' },
}

/** The door for posts that a provider signs: how, with which secrets, and what was refused. */
export function WebhookPart({ id, row }: { readonly id: string; readonly row: WebhookRow | null }) {
  const may = useMay()
  const [open, setOpen] = useState<'scheme' | 'secret' | null>(null)
  if (row === null)
    return may('provider.change') ? (
      <>
        <div>
          <Button size="compact-sm" variant="default" onClick={() => setOpen('scheme')}>
            Take signed posts…
          </Button>
        </div>
        {open === 'scheme' && <SchemeForm id={id} row={null} close={() => setOpen(null)} />}
      </>
    ) : null
  return (
    <div className="stack tight webhook">
      <dl className="kv">
        <dt>Signed posts</dt>
        <dd>
          {kindWords[row.scheme.kind]}, at <code>POST /api/intake/{id}</code>
        </dd>
        <dt>Secrets</dt>
        <dd>{row.secrets.length === 0 ? <Missing /> : <Secrets secrets={row.secrets} />}</dd>
        <dt>Refused, 7 days</dt>
        <dd>
          {row.refusals.length === 0
            ? 'none'
            : row.refusals.map((one) => (
                <div key={one.reason}>
                  {plural(one.count, 'post')} {refusalWords[one.reason]}, last <When at={one.lastAt} ago /> from{' '}
                  <span className="mono">{one.lastAddress}</span>
                </div>
              ))}
        </dd>
      </dl>
      {may('provider.change') && (
        <div className="row wrap">
          <Button size="compact-sm" variant="default" onClick={() => setOpen('secret')}>
            {row.secrets.length === 0 ? 'Set a secret' : 'Change the secret'}
          </Button>
          <Button size="compact-sm" variant="default" onClick={() => setOpen('scheme')}>
            Change the signature
          </Button>
          <Shut id={id} />
        </div>
      )}
      {open === 'scheme' && <SchemeForm id={id} row={row} close={() => setOpen(null)} />}
      {open === 'secret' && <SecretForm id={id} row={row} close={() => setOpen(null)} />}
    </div>
  )
}

function Missing() {
  return <span className="tag warn">None: every post is refused</span>
}

function Secrets({ secrets }: { readonly secrets: WebhookRow['secrets'] }) {
  return secrets.map((one) => (
    <div key={one.madeAt}>
      set <When at={one.madeAt} ago />
      {one.endsAt !== null && (
        <>
          , ends <When at={one.endsAt} />
        </>
      )}
    </div>
  ))
}

function Shut({ id }: { readonly id: string }) {
  const client = useQueryClient()
  const shut = useMutation({
    mutationFn: () => call('DELETE /api/providers/:id/webhook', { params: { id } }),
    onSuccess: () => say('Shut: signed posts are refused, and the secrets are forgotten.'),
    onSettled: () => client.invalidateQueries({ queryKey: ['providers'] }),
  })
  return (
    <SureButton
      words="Shut"
      sureWords="Shut it, and forget the secrets"
      busy={shut.isPending}
      act={() => shut.mutate()}
    />
  )
}

type FormProps = { readonly id: string; readonly row: WebhookRow | null; readonly close: () => void }

function SchemeForm({ id, row, close }: FormProps) {
  const client = useQueryClient()
  const [scheme, setScheme] = useState<WebhookScheme>(row?.scheme ?? fresh.standard)
  const save = useMutation({
    mutationFn: () =>
      call('PUT /api/providers/:id/webhook', { params: { id }, body: { scheme, version: row?.version ?? 0 } }),
    onSuccess: close,
    onSettled: () => client.invalidateQueries({ queryKey: ['providers'] }),
  })
  const other = row !== null && row.scheme.kind !== scheme.kind && row.secrets.length > 0
  return (
    <Modal opened onClose={close} title="How they sign their posts" closeButtonProps={{ 'aria-label': 'Close' }}>
      <div className="stack">
        <Select
          label="Signature"
          data={Object.entries(kindWords).map(([value, label]) => ({ value, label }))}
          value={scheme.kind}
          allowDeselect={false}
          onChange={(kind) => setScheme(fresh[(kind ?? 'standard') as WebhookScheme['kind']])}
        />
        <SchemeFields scheme={scheme} set={setScheme} />
        {other && <p className="dim">Another kind of signature: the secrets that are set are forgotten.</p>}
        <Problem error={save.error} />
        <Button loading={save.isPending} onClick={() => save.mutate()}>
          Save
        </Button>
      </div>
    </Modal>
  )
}

function SchemeFields({ scheme, set }: { readonly scheme: WebhookScheme; readonly set: (one: WebhookScheme) => void }) {
  switch (scheme.kind) {
    case 'standard':
      return (
        <Tolerance value={scheme.toleranceSeconds} set={(toleranceSeconds) => set({ ...scheme, toleranceSeconds })} />
      )
    case 'shared-secret':
      return (
        <TextInput
          label="Header"
          value={scheme.header}
          onChange={(event) => set({ ...scheme, header: event.currentTarget.value.trim() })}
        />
      )
    case 'basic':
      return (
        <TextInput
          label="User"
          value={scheme.user}
          onChange={(event) => set({ ...scheme, user: event.currentTarget.value })}
        />
      )
    case 'hmac':
      return <HmacFields scheme={scheme} set={set} />
  }
}

function Tolerance({ value, set }: { readonly value: number; readonly set: (seconds: number) => void }) {
  return (
    <NumberInput
      label="Seconds that their clock may be off"
      min={30}
      max={3600}
      value={value}
      onChange={(seconds) => set(Number(seconds) || 300)}
    />
  )
}

type Hmac = Extract<WebhookScheme, { kind: 'hmac' }>

function HmacFields({ scheme, set }: { readonly scheme: Hmac; readonly set: (one: WebhookScheme) => void }) {
  return (
    <>
      <div className="two">
        <TextInput
          label="Header of the signature"
          value={scheme.header}
          onChange={(event) => set({ ...scheme, header: event.currentTarget.value.trim() })}
        />
        <TextInput
          label="Words before it"
          value={scheme.prefix}
          onChange={(event) => set({ ...scheme, prefix: event.currentTarget.value })}
        />
        <Select
          label="Algorithm"
          data={['sha256', 'sha512']}
          value={scheme.algorithm}
          allowDeselect={false}
          onChange={(one) => set({ ...scheme, algorithm: one === 'sha512' ? 'sha512' : 'sha256' })}
        />
        <Select
          label="Written in"
          data={['hex', 'base64']}
          value={scheme.encoding}
          allowDeselect={false}
          onChange={(one) => set({ ...scheme, encoding: one === 'base64' ? 'base64' : 'hex' })}
        />
      </div>
      <TextInput
        label="Header of the time, if it is signed along"
        description="Signed is then “time.body”. Without it an old post can be sent again; it is known by its bytes and does nothing."
        value={scheme.timestampHeader ?? ''}
        onChange={(event) => set({ ...scheme, timestampHeader: event.currentTarget.value.trim() || null })}
      />
      {scheme.timestampHeader !== null && (
        <Tolerance value={scheme.toleranceSeconds} set={(toleranceSeconds) => set({ ...scheme, toleranceSeconds })} />
      )}
    </>
  )
}

function SecretForm({ id, row, close }: FormProps) {
  const client = useQueryClient()
  const [theirs, setTheirs] = useState('')
  const [hours, setHours] = useState(24)
  const again = (row?.secrets.length ?? 0) > 0
  const set = useMutation({
    mutationFn: (secret: string | null) =>
      call('POST /api/providers/:id/webhook/secret', { params: { id }, body: { secret, othersHours: hours } }),
    onSettled: () => client.invalidateQueries({ queryKey: ['providers'] }),
  })
  const made = set.data?.secret ?? null
  if (set.data !== undefined)
    return (
      <Modal opened onClose={close} title="The secret is set" closeButtonProps={{ 'aria-label': 'Close' }}>
        <div className="stack">
          {made === null ? (
            <p>It is sealed, and is not shown again.</p>
          ) : (
            <ShownOnce text={made}>Give it to the provider.</ShownOnce>
          )}
          <Button onClick={close}>Done</Button>
        </div>
      </Modal>
    )
  return (
    <Modal opened onClose={close} title="Secret of the signature" closeButtonProps={{ 'aria-label': 'Close' }}>
      <div className="stack">
        <PasswordInput
          label="The one they gave you"
          description="Many providers make it and show it once. Sealed here, and never shown again."
          value={theirs}
          error={fieldProblem(set.error, 'secret')}
          onChange={(event) => setTheirs(event.currentTarget.value)}
        />
        {again && (
          <NumberInput
            label="Hours that those before it stay valid"
            min={0}
            max={168}
            value={hours}
            onChange={(value) => setHours(Number(value) || 0)}
          />
        )}
        <Problem error={set.error} />
        <div className="row wrap">
          <Button disabled={theirs === ''} loading={set.isPending} onClick={() => set.mutate(theirs)}>
            Take theirs
          </Button>
          <Button variant="default" loading={set.isPending} onClick={() => set.mutate(null)}>
            Make a new one
          </Button>
        </div>
      </div>
    </Modal>
  )
}
