import type { ReplyPage } from '../../../../src/contract/answer.ts'
import type { ProtectionSeen } from '../../../../src/model/mail-key.ts'
import { BlockedIcon, LockIcon, OpenLockIcon, SealIcon } from '../../parts/icons.tsx'
import { When } from '../../parts/time.tsx'

const states: Record<ProtectionSeen['state'], readonly [Icon: typeof LockIcon, words: string, tag: string]> = {
  encrypted: [LockIcon, 'Signed and encrypted', 'tag good'],
  signed: [SealIcon, 'Signed, not encrypted', 'tag accent'],
  plain: [OpenLockIcon, 'Not encrypted', 'tag'],
  blocked: [BlockedIcon, 'Cannot be sent', 'tag bad'],
}

/** How the mail travels, in words and icon, and what to do where it cannot as it must. */
function Protection({ seen }: { readonly seen: ProtectionSeen }) {
  const [Icon, words, tag] = states[seen.state]
  return (
    <div className="protection">
      <span className={tag}>
        <Icon size={13} /> {words}
      </span>{' '}
      <span className="dim">
        {seen.says}
        {seen.next !== null && ` ${seen.next}`}
      </span>
    </div>
  )
}

/** Who gets it, and why they may. */
export function Recipients({ page }: { readonly page: ReplyPage }) {
  const { recipients } = page
  return (
    <dl className="kv card recipients">
      <dt>To</dt>
      <dd>
        {recipients.map((one) => (
          <div key={one.address}>
            <strong>{one.address}</strong> <span className="dim">{one.because}</span>
            {page.api === null && <Protection seen={page.protection} />}
          </div>
        ))}
        {page.byMailBecause !== null && <p className="notice">{page.byMailBecause}</p>}
      </dd>
      {page.api === null ? <Mail page={page} /> : <Api api={page.api} shown={page.alert.ticket} />}
    </dl>
  )
}

const requestWords = {
  waits: ['Waits', 'tag'],
  telling: ['No answer', 'tag warn'],
  taken: ['Taken', 'tag good'],
} as const

/** What is said in their system, in their words, and how far it has come. `shown`: the number that people know their ticket by. */
function Api({ api, shown }: { readonly api: NonNullable<ReplyPage['api']>; readonly shown: string | null }) {
  return (
    <>
      <dt>In {api.title}</dt>
      <dd>
        {api.words === null ? (
          <>
            <span className="tag bad">Not mapped</span> This decision has no words there yet; an administrator says
            which (<a href="/settings/elsewhere">Settings, Tickets elsewhere</a>).
          </>
        ) : (
          <>
            Ticket{' '}
            {shown !== null && shown !== api.ticket && (
              <>
                <span className="mono">{shown}</span>, there{' '}
              </>
            )}
            <span className="mono">{api.ticket}</span>
            {api.words.status !== '' && <>, status “{api.words.status}”</>}
            {api.words.verdict !== '' && <>, verdict “{api.words.verdict}”</>}, and this text as a comment
          </>
        )}
      </dd>
      {api.requests.length > 0 && (
        <>
          <dt>How far</dt>
          <dd>
            {api.requests.map(({ tells, state, at }) => (
              <div key={tells.join()}>
                {tells.join(', ')} <span className={requestWords[state][1]}>{requestWords[state][0]}</span>{' '}
                {at !== null && <When at={at} ago />}
              </div>
            ))}
          </dd>
        </>
      )}
    </>
  )
}

function Mail({ page }: { readonly page: ReplyPage }) {
  const { reply, alert } = page
  return (
    <>
      <dt>Their subject</dt>
      <dd>{reply.subject}</dd>
      <dt>Thread</dt>
      <dd className="dim">
        {reply.inReplyTo === null
          ? 'Begins a thread of its own: their mail had no Message-ID'
          : `Answers their mail ${reply.inReplyTo}`}
        {alert.ticket !== null && `, ticket ${alert.ticket}`}
      </dd>
    </>
  )
}
