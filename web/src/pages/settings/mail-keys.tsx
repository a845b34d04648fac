import { Button, CopyButton, Modal, PasswordInput, Textarea } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type ChangeEvent, useId, useState } from 'react'
import { type KeyShown, keyTextMax, type OwnKeyShown } from '../../../../src/contract/mail-keys.ts'
import type { Provider } from '../../../../src/model/provider.ts'
import { call, fieldProblem } from '../../api.ts'
import { useMay } from '../../me.ts'
import { EmptyState, ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { SureButton } from '../../parts/sure-button.tsx'
import { When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { plural } from '../../words.ts'
import { methodWords, ruleWords } from './mail-rule.tsx'
import './mail-keys.css'

/** After each change the keys are asked for anew. */
function useKeysAgain() {
  const client = useQueryClient()
  return () => client.invalidateQueries({ queryKey: ['mail-keys'] })
}

const useKeysThere = () => useQuery({ queryKey: ['mail-keys'], queryFn: () => call('GET /api/mail-keys') })

/** Our own keys: what mail to providers is signed with. */
export function MailKeysPart() {
  const keys = useKeysThere()
  const may = useMay()
  const [adding, setAdding] = useState(false)
  if (keys.data === undefined)
    return keys.error === null ? <Loading /> : <ErrorState error={keys.error} retry={() => void keys.refetch()} />
  const { own } = keys.data
  const add = may('setting.change') && <Button onClick={() => setAdding(true)}>Add a key of ours</Button>
  return (
    <>
      {own.length === 0 ? (
        <div className="card">
          <EmptyState
            title="Mail to providers is signed by DKIM only."
            proof={`With a certificate (S/MIME) or an OpenPGP key of ours it can be signed and encrypted.${add === false ? ' An administrator adds one here.' : ''}`}
            action={add}
          />
        </div>
      ) : (
        <div className="row between wrap">
          <span className="dim">
            {plural(own.length, 'key')} of ours. New mail is signed with the newest of its kind.
          </span>
          {add}
        </div>
      )}
      {!keys.data.openpgp && (
        <p className="notice">
          OpenPGP is not installed here: such keys cannot be added, and mail that needs one is not sent. Run{' '}
          <code>npm install openpgp</code> in the folder of Counterfoil, and start it anew. S/MIME works.
        </p>
      )}
      {own.map((one) => (
        <OwnKey key={one.id} shown={one} />
      ))}
      {adding && <AddOwn close={() => setAdding(false)} />}
    </>
  )
}

function OwnKey({ shown }: { readonly shown: OwnKeyShown }) {
  const may = useMay()
  const again = useKeysAgain()
  const retire = useMutation({
    mutationFn: () => call('POST /api/mail-keys/:id/retire', { params: { id: shown.id } }),
    onSuccess: () => say('It signs nothing any more. What was encrypted to it still opens.'),
    onSettled: again,
  })
  return (
    <section className="card" aria-label={nameOf(shown)}>
      <div className="connector-head">
        <h2>{nameOf(shown)}</h2>
        {shown.retiredAt === null ? <State shown={shown} /> : <span className="tag">Retired, opens old mail</span>}
      </div>
      <Facts shown={shown} />
      <div className="row wrap">
        <CopyButton value={shown.publicText}>
          {({ copied, copy }) => (
            <Button size="compact-sm" variant="default" onClick={copy}>
              {copied ? 'Copied' : 'Copy the public part, for them'}
            </Button>
          )}
        </CopyButton>
        {may('setting.change') && shown.retiredAt === null && (
          <SureButton
            words="Retire"
            sureWords="Sign nothing with it any more"
            busy={retire.isPending}
            act={() => retire.mutate()}
          />
        )}
      </div>
      <Problem error={retire.error} />
    </section>
  )
}

const nameOf = (shown: KeyShown): string => shown.emails[0] ?? shown.subject

function State({ shown }: { readonly shown: KeyShown }) {
  if (shown.unusable !== null) return <span className="tag bad">Cannot be used: {shown.unusable}</span>
  if (shown.endsInDays !== null)
    return (
      <span className="tag warn">
        {shown.endsInDays < 1 ? 'Ends today' : `Ends in ${plural(shown.endsInDays, 'day')}`}
      </span>
    )
  return <span className="tag good">Valid</span>
}

function wordsOfUse({ isAuthority, forSigning, forEncryption }: KeyShown): string {
  if (isAuthority) return 'an authority: certificates that it issued for their addresses are believed'
  if (forSigning && forEncryption) return 'signatures and encryption'
  return forSigning ? 'signatures only' : 'encryption only'
}

function Facts({ shown }: { readonly shown: KeyShown }) {
  const uses = wordsOfUse(shown)
  return (
    <dl className="kv">
      <dt>For</dt>
      <dd>{uses}</dd>
      <dt>Addresses</dt>
      <dd>{shown.emails.join(', ') || 'it names none'}</dd>
      <dt>Issued to, by</dt>
      <dd>
        {shown.subject}, by {shown.issuer === shown.subject ? 'itself' : shown.issuer}
      </dd>
      <dt>Key</dt>
      <dd>
        {methodWords[shown.method]}, {shown.algorithm}
      </dd>
      <dt>Fingerprint</dt>
      <dd className="mono fingerprint">{grouped(shown.fingerprint)}</dd>
      <dt>Ends</dt>
      <dd>{shown.endsAt === null ? 'not by itself' : <When at={shown.endsAt} />}</dd>
      <dt>Added</dt>
      <dd>
        <When at={shown.addedAt} ago /> by {shown.addedByName}
      </dd>
    </dl>
  )
}

/** As it is read out over the telephone: four digits each. */
const grouped = (fingerprint: string): string => fingerprint.toUpperCase().replace(/.{4}(?=.)/g, '$& ')

/** The keys of a provider, on its card. */
export function TheirKeys({ provider }: { readonly provider: Provider }) {
  const keys = useKeysThere()
  const may = useMay()
  const [adding, setAdding] = useState(false)
  const theirs = keys.data?.theirs.filter((one) => one.providerId === provider.id) ?? []
  const rules = provider.mail !== undefined && provider.mail.protect !== 'none'
  if (theirs.length === 0 && !rules && !may('provider.change')) return null
  return (
    <div className="stack tight">
      {(rules || theirs.length > 0) && (
        <dl className="kv">
          <dt>Mail to them</dt>
          <dd>{ruleWords(provider.mail)}</dd>
        </dl>
      )}
      {theirs.map((one) => (
        <TheirKey key={one.fingerprint} providerId={provider.id} shown={one} />
      ))}
      <Problem error={keys.error} />
      {may('provider.change') && (
        <div>
          <Button size="compact-sm" variant="default" onClick={() => setAdding(true)}>
            Add a key of theirs…
          </Button>
        </div>
      )}
      {adding && <AddTheirs provider={provider} close={() => setAdding(false)} />}
    </div>
  )
}

function TheirKey({ providerId, shown }: { readonly providerId: string; readonly shown: KeyShown }) {
  const may = useMay()
  const again = useKeysAgain()
  const { fingerprint } = shown
  const remove = useMutation({
    mutationFn: () =>
      call('DELETE /api/providers/:id/mail-keys/:fingerprint', { params: { id: providerId, fingerprint } }),
    onSuccess: () => say('Taken out: it is believed no more, and nothing is encrypted to it.'),
    onSettled: again,
  })
  return (
    <details className="their-key">
      <summary>
        {shown.method === 'smime' ? 'Certificate' : 'OpenPGP key'} of {nameOf(shown)} <State shown={shown} />
      </summary>
      <Facts shown={shown} />
      {may('provider.change') && (
        <SureButton
          words="Take it out"
          sureWords="Take it out, and believe it no more"
          busy={remove.isPending}
          act={() => remove.mutate()}
        />
      )}
      <Problem error={remove.error} />
    </details>
  )
}

type FormProps = { readonly close: () => void }

function AddOwn({ close }: FormProps) {
  const again = useKeysAgain()
  const [publicText, setPublic] = useState('')
  const [privateText, setPrivate] = useState('')
  const [passphrase, setPassphrase] = useState('')
  const save = useMutation({
    mutationFn: () =>
      call('POST /api/mail-keys', {
        body: { publicText, privateText, passphrase: passphrase === '' ? null : passphrase },
      }),
    onSuccess: () => {
      say('Sealed. Mail that a rule says to sign is signed with it.')
      close()
    },
    onSettled: again,
  })
  return (
    <Modal opened onClose={close} size="lg" title="A key of ours" closeButtonProps={{ 'aria-label': 'Close' }}>
      <div className="stack">
        <KeyText
          label="Certificate"
          description="S/MIME, PEM: ours first, then those of the authorities that vouch for it. Empty for OpenPGP."
          value={publicText}
          error={fieldProblem(save.error, 'publicText')}
          set={setPublic}
        />
        <KeyText
          label="Private key"
          description="PEM, or an OpenPGP private key in armour. For the address that mail is sent from. Sealed here, and never shown again."
          value={privateText}
          error={fieldProblem(save.error, 'privateText')}
          set={setPrivate}
        />
        <PasswordInput
          label="Passphrase of the private key, if it has one"
          value={passphrase}
          onChange={(event) => setPassphrase(event.currentTarget.value)}
        />
        <Problem error={save.error} />
        <Button
          disabled={privateText === '' || (publicText === '' && !privateText.includes('-----BEGIN PGP '))}
          loading={save.isPending}
          onClick={() => save.mutate()}
        >
          Add it
        </Button>
      </div>
    </Modal>
  )
}

function AddTheirs({ provider, close }: FormProps & { readonly provider: Provider }) {
  const again = useKeysAgain()
  const [publicText, setPublic] = useState('')
  const save = useMutation({
    mutationFn: () => call('POST /api/providers/:id/mail-keys', { params: { id: provider.id }, body: { publicText } }),
    onSuccess: () => {
      say(`It is believed to be of ${provider.name} from now on.`)
      close()
    },
    onSettled: again,
  })
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={`A key of ${provider.name}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <div className="stack">
        <p>
          By adding it you say that it is theirs. Let them read its fingerprint to you over the telephone, at a number
          you knew before: a mail that brings a key proves nothing.
        </p>
        <KeyText
          label="Certificate or key"
          description="A certificate (PEM) of their desk or of the authority that issues theirs, or their public OpenPGP key."
          value={publicText}
          error={fieldProblem(save.error, 'publicText')}
          set={setPublic}
        />
        <Problem error={save.error} />
        <Button disabled={publicText === ''} loading={save.isPending} onClick={() => save.mutate()}>
          Add it
        </Button>
      </div>
    </Modal>
  )
}

type KeyTextProps = {
  readonly label: string
  readonly description: string
  readonly value: string
  readonly error: string | undefined
  readonly set: (text: string) => void
}

/** A key as text, or out of a file. */
function KeyText({ label, description, value, error, set }: KeyTextProps) {
  const id = useId()
  const read = async (event: ChangeEvent<HTMLInputElement>) => {
    const [file] = event.currentTarget.files ?? []
    if (file !== undefined) set((await file.text()).slice(0, keyTextMax))
  }
  return (
    <div className="stack tight">
      <Textarea
        label={label}
        description={description}
        value={value}
        error={error}
        autosize
        minRows={3}
        maxRows={6}
        spellCheck={false}
        classNames={{ input: 'mono' }}
        onChange={(event) => set(event.currentTarget.value)}
      />
      <label htmlFor={id} className="dim">
        or out of a file: <input id={id} type="file" onChange={(event) => void read(event)} />
      </label>
    </div>
  )
}
