import type { ReplyPage } from '../../../../src/contract/answer.ts'

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
