import type { ReplyPage } from '../../../../src/contract/answer.ts'
import type { ProtectionSeen } from '../../../../src/model/mail-key.ts'
import { BlockedIcon, LockIcon, OpenLockIcon, SealIcon } from '../../parts/icons.tsx'

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
  const { reply, recipients, alert } = page
  return (
    <dl className="kv card recipients">
      <dt>To</dt>
      <dd>
        {recipients.map((one) => (
          <div key={one.address}>
            <strong>{one.address}</strong> <span className="dim">{one.because}</span>
            <Protection seen={page.protection} />
          </div>
        ))}
      </dd>
      <dt>Their subject</dt>
      <dd>{reply.subject}</dd>
      <dt>Thread</dt>
      <dd className="dim">
        {reply.inReplyTo === null
          ? 'Begins a thread of its own: their mail had no Message-ID'
          : `Answers their mail ${reply.inReplyTo}`}
        {alert.ticket !== null && `, ticket ${alert.ticket}`}
      </dd>
    </dl>
  )
}
