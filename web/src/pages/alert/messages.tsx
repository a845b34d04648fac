import { Button, Tabs } from '@mantine/core'
import { useState } from 'react'
import type { AlertPage, Highlight, MessagePage } from '../../../../src/contract/desk.ts'
import type { SealedVerdict } from '../../../../src/model/message.ts'
import { useMay } from '../../me.ts'
import { BlockedIcon, CheckIcon, FailedIcon, LockIcon, OpenLockIcon, SealIcon } from '../../parts/icons.tsx'
import { When } from '../../parts/time.tsx'
import { bytesWords, channelWords, observableWords, rungWords } from '../../words.ts'
import { Marked } from './marked.tsx'

/** Each message as text, side by side with what was read from it. HTML is never rendered; the bytes come as a download. */
export function Messages({ page }: { readonly page: AlertPage }) {
  const first = page.messages[0]
  if (first === undefined) return <section className="card">No message belongs to this alert.</section>
  if (page.messages.length === 1) return <OneMessage message={first} />
  return (
    <Tabs defaultValue={first.id} className="story">
      <Tabs.List>
        {page.messages.map((message, index) => (
          <Tabs.Tab key={message.id} value={message.id}>
            {index + 1}. {message.kind ?? 'message'} <When at={message.receivedAt} />
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {page.messages.map((message) => (
        <Tabs.Panel key={message.id} value={message.id} pt="sm">
          <OneMessage message={message} />
        </Tabs.Panel>
      ))}
    </Tabs>
  )
}

const keyOf = (one: Highlight): string => `${one.part}|${one.start}|${one.end}|${one.label}`

function OneMessage({ message }: { readonly message: MessagePage }) {
  const [on, setOn] = useState<string | null>(null)
  const named = message.highlights.find((one) => keyOf(one) === on)
  // The list may be longer than the screen; only its own box is scrolled, so that the text stays under the eye.
  const point = (one: Highlight) => {
    setOn(keyOf(one))
    const list = document.querySelector<HTMLElement>('ul.read')
    const row = list?.querySelector<HTMLElement>(`[data-of="${CSS.escape(keyOf(one))}"]`)
    if (list != null && row != null) list.scrollTop = row.offsetTop - list.clientHeight / 2
  }
  return (
    <div className="message-grid">
      <section className="card message-text" aria-label="The message as text">
        <Head message={message} />
        <p className="read-name" role="status">
          {named === undefined ? (
            <span className="dim">Point at a marked place, or at what was read, to see where the other is.</span>
          ) : (
            <>
              <strong>{named.label}</strong> <span className="mono">{named.value}</span>
            </>
          )}
        </p>
        {message.parts.map((part) => (
          <div key={part.path}>
            <div className="dim part-name">
              {part.path === 'subject' ? 'Subject' : `Part ${part.path}, ${part.type}`}
            </div>
            <pre className="message-body">
              <Marked
                text={part.text}
                highlights={message.highlights.filter((one) => one.part === part.path)}
                on={on}
                keyOf={keyOf}
                point={point}
              />
            </pre>
          </div>
        ))}
        {message.attachments.map((file) => (
          <div key={file.path} className="dim">
            Attachment {file.filename}, {file.type}, {bytesWords(file.sizeBytes)}, SHA-256{' '}
            <span className="mono">{file.sha256.slice(0, 16)}…</span>
          </div>
        ))}
      </section>
      <div className="stack">
        <AuthenticationCard message={message} />
        <Read message={message} on={on} setOn={setOn} />
      </div>
    </div>
  )
}

function Head({ message }: { readonly message: MessagePage }) {
  const may = useMay()
  return (
    <div className="row between message-head">
      <dl className="kv">
        <dt>From</dt>
        <dd>{message.from ?? 'nobody'}</dd>
        <dt>To</dt>
        <dd>{message.to.join(', ')}</dd>
        <dt>Received</dt>
        <dd>
          <When at={message.receivedAt} ago /> {channelWords[message.channel]}
          {message.sourceAddress !== null && ` from ${message.sourceAddress}`} · {bytesWords(message.sizeBytes)}
        </dd>
      </dl>
      <div className="row wrap tight">
        {may('reader.teach') && (
          <Button component="a" href={`/teach/${message.id}`} size="compact-sm" variant="default">
            Teach a reader
          </Button>
        )}
        {may('message.download') && (
          <Button component="a" href={`/api/messages/${message.id}/raw`} download size="compact-sm" variant="default">
            Download the bytes
          </Button>
        )}
      </div>
    </div>
  )
}

const signatures: Record<SealedVerdict['signature'], readonly [Icon: typeof SealIcon, words: string, tag: string]> = {
  none: [OpenLockIcon, 'Not signed', 'tag'],
  valid: [SealIcon, 'Signed by them', 'tag good'],
  foreign: [SealIcon, 'Signed by somebody unknown', 'tag warn'],
  broken: [BlockedIcon, 'Signature broken', 'tag bad'],
  unchecked: [SealIcon, 'Signature not checked', 'tag warn'],
}

function SealedState({ sealed }: { readonly sealed: SealedVerdict }) {
  const [Icon, words, tag] = signatures[sealed.signature]
  return (
    <>
      {sealed.encrypted !== 'no' && (
        <span className={sealed.encrypted === 'opened' ? 'tag good' : 'tag bad'}>
          <LockIcon size={13} /> {sealed.encrypted === 'opened' ? 'Was encrypted' : 'Encrypted, not readable'}
        </span>
      )}{' '}
      <span className={tag}>
        <Icon size={13} /> {words}
      </span>
    </>
  )
}

function AuthenticationCard({ message }: { readonly message: MessagePage }) {
  const auth = message.authentication
  if (auth === null) return null
  const dkim = auth.dkim.map(
    (one) =>
      `${one.result} (${one.domain}${one.aligned ? ', aligned' : ', not aligned'}${one.lengthLimited ? ', length-limited' : ''})`,
  )
  return (
    <section className="card" aria-label="Is it really them?">
      <h2>
        <span className={`kind ${auth.accepted ? 'good' : 'bad'}`}>
          {auth.accepted ? <CheckIcon /> : <FailedIcon />}
          {auth.accepted ? 'It is really them' : 'Not accepted by itself'}
        </span>
      </h2>
      <dl className="kv">
        <dt>DKIM</dt>
        <dd>{dkim.length === 0 ? 'none' : dkim.join('; ')}</dd>
        <dt>SPF</dt>
        <dd>
          {auth.spf.result}
          {auth.spf.domain !== null && ` (${auth.spf.domain})`}
        </dd>
        <dt>DMARC</dt>
        <dd>
          {auth.dmarc.result}
          {auth.dmarc.policy !== null && ` (policy ${auth.dmarc.policy})`}
        </dd>
        {auth.sealed !== undefined && (
          <>
            <dt>{auth.sealed.method === 'smime' ? 'S/MIME' : 'OpenPGP'}</dt>
            <dd>
              <SealedState sealed={auth.sealed} />
              {auth.sealed.fingerprint !== null && (
                <>
                  {' '}
                  {auth.sealed.emails[0]} <span className="mono">{auth.sealed.fingerprint.slice(0, 16)}…</span>
                </>
              )}
              {auth.sealed.signedAt !== null && (
                <>
                  {' '}
                  It says it was signed <When at={auth.sealed.signedAt} />.
                </>
              )}
            </dd>
          </>
        )}
        <dt>ARC</dt>
        <dd>{auth.arc.result}</dd>
        <dt>Source</dt>
        <dd>
          {auth.sourceAddress ?? 'none'},{' '}
          {auth.sourceAllowed === 'yes'
            ? 'in the agreed ranges'
            : auth.sourceAllowed === 'no'
              ? 'outside the agreed ranges'
              : 'no ranges agreed'}
        </dd>
      </dl>
      <ul>
        {auth.reasons.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
        {message.releasedBy !== null && (
          <li>
            Released from quarantine by {message.releasedBy}: {message.stateReason}
          </li>
        )}
      </ul>
    </section>
  )
}

function Read({
  message,
  on,
  setOn,
}: {
  readonly message: MessagePage
  readonly on: string | null
  readonly setOn: (key: string | null) => void
}) {
  return (
    <section className="card" aria-label="What was read from it">
      <h2>What was read from it</h2>
      {message.because !== '' && <p className="dim">{message.because}</p>}
      {message.highlights.length === 0 && <p className="dim">Nothing. Read the text, and decide by it.</p>}
      <ul className="read">
        {message.highlights.map((one, index) => {
          const key = keyOf(one)
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: the same place may be read twice under one name
            <li key={`${key}|${index}`}>
              <button
                type="button"
                className={on === key ? 'read-row on' : 'read-row'}
                data-of={key}
                onMouseEnter={() => setOn(key)}
                onFocus={() => setOn(key)}
                onClick={() =>
                  document
                    .querySelector(`mark[data-at="${CSS.escape(`${one.part}|${one.start}`)}"]`)
                    ?.scrollIntoView({ block: 'center' })
                }
              >
                <mark className={`m-${one.kind}`}>{labelWords(one)}</mark>
                <span className="clip mono" title={one.value}>
                  {one.value}
                </span>
              </button>
            </li>
          )
        })}
      </ul>
    </section>
  )
}

/** A kind of observable and a rung have words of their own; names of fields are the message's, or plain words of ours. */
function labelWords({ kind, label }: Highlight): string {
  const known: Readonly<Record<string, string>> = kind === 'observable' ? observableWords : rungWords
  return known[label] ?? `${label.slice(0, 1).toUpperCase()}${label.slice(1)}`
}
