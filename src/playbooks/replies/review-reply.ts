import type { Db } from '../../db/open.ts'
import { providerById } from '../../db/providers.ts'
import { type PseudonymKind, pseudonymFor } from '../../db/pseudonyms.ts'
import { filesOfReply, saveFileSpans } from '../../db/reply-files.ts'
import { Trouble } from '../../kit/errors.ts'
import { append } from '../../ledger/append.ts'
import { type Agreement, agreementOf } from '../../model/provider.ts'
import type { SensitiveClass, SensitiveSpan } from '../../model/reply.ts'
import { valueKey } from '../../triage/redact.ts'
import { blockOf } from '../../triage/sharing.ts'
import { assertState, type ReplyDesk, subjectOf, tell, withReply } from './desk.ts'
import { spansOfFile } from './files.ts'
import { keepDraft } from './keep-draft.ts'

export type SpanVerdict = {
  readonly spanId: string
  /** null takes a verdict back. */
  readonly verdict: SensitiveSpan['verdict']
  readonly keepReason: string | null
}

/** Classes that a pseudonym can stand for; the others say too much by being there at all. */
const pseudonyms: Readonly<Partial<Record<SensitiveClass, PseudonymKind>>> = {
  person: 'USER',
  account: 'USER',
  host: 'HOST',
  'internal-address': 'ADDRESS',
  'internal-url': 'LINK',
  path: 'PATH',
}

/**
 * Says of sensitive places what happens to them. A secret is never kept; anything else is kept with a reason, or because
 * the agreement with the provider lets its class leave. Returns the new version.
 */
export async function reviewReply(
  desk: ReplyDesk,
  review: {
    readonly replyId: string
    readonly verdicts: readonly SpanVerdict[]
    readonly version: number
    readonly by: string
  },
): Promise<number> {
  return withReply(desk.db, review.replyId, async (tx, record) => {
    assertState(record, ['draft'], review.version)
    const { reply, providerId } = record
    const provider = await providerById(tx, providerId)
    const agreement = agreementOf(provider ?? { mayShare: [] })
    const given = new Map(review.verdicts.map((verdict) => [verdict.spanId, verdict]))
    const files = await filesOfReply(tx, reply.id)
    const all = [...reply.spans, ...files.flatMap(spansOfFile)]
    const unknown = review.verdicts.find(({ spanId }) => !all.some((span) => span.id === spanId))
    if (unknown !== undefined) throw new Trouble('not.found', { spanId: unknown.spanId })
    const judge = async (before: readonly SensitiveSpan[], isText: boolean) => {
      const spans: SensitiveSpan[] = []
      for (const span of before) {
        const verdict = given.get(span.id)
        if (verdict !== undefined && !isText) assertNotCovered(verdict)
        spans.push(verdict === undefined ? span : await judged(tx, providerId, span, verdict, agreement))
      }
      return spans
    }
    const spans = await judge(reply.spans, true)
    const inFiles: SensitiveSpan[] = []
    for (const file of files.filter((one) => spansOfFile(one).some((span) => given.has(span.id)))) {
      const judgedFile = { nameSpans: await judge(file.nameSpans, true), spans: await judge(file.spans, file.isPlain) }
      await saveFileSpans(tx, { id: file.id, ...judgedFile })
      inFiles.push(...judgedFile.nameSpans, ...judgedFile.spans)
    }
    const version = await keepDraft(desk, tx, record, { text: reply.text, spans })
    const said = [...spans, ...inFiles]
      .filter((span) => given.has(span.id))
      .map(({ id, class: kind, verdict, keepReason }) => ({ id, class: kind, verdict, keepReason }))
    const body = { replyId: reply.id, version, said }
    await append(tx, { kind: 'reply.reviewed', actor: review.by, subject: subjectOf(reply.id), body }, desk.clock)
    await tell(tx, reply.alertId)
    return version
  })
}

/** Of a file that is no plain text nothing can be taken out here: it is kept as it is, or it stays. */
function assertNotCovered({ verdict, spanId }: SpanVerdict): void {
  if (verdict === 'redact' || verdict === 'pseudonym')
    throw new Trouble('input.invalid', {
      fields: { verdict: 'This file cannot be changed here: keep it with the reason, or take the file out.' },
      spanId,
    })
}

async function judged(
  tx: Db,
  providerId: string,
  span: SensitiveSpan,
  { verdict, keepReason }: SpanVerdict,
  agreement: Agreement,
): Promise<SensitiveSpan> {
  const refuse = (problem: string): never => {
    throw new Trouble('input.invalid', { field: 'verdict', spanId: span.id, problem })
  }
  switch (verdict) {
    case null:
      return { ...span, verdict, pseudonym: null, keepReason: null }
    case 'redact':
      if (span.class === 'picture') refuse('nothing of a picture can be redacted: keep it, or take the file out')
      return { ...span, verdict, pseudonym: null, keepReason: null }
    case 'keep': {
      const block = blockOf(span, agreement)
      if (block !== null) throw new Trouble('input.invalid', { fields: { verdict: `${block.why} ${block.next}` } })
      const reason = keepReason?.trim() ?? ''
      if (reason === '' && !(agreement.mayShare as readonly string[]).includes(span.class))
        refuse('say why this may leave')
      return {
        ...span,
        verdict,
        pseudonym: null,
        keepReason: reason === '' ? 'The agreement lets it leave' : reason.slice(0, 1000),
      }
    }
    case 'pseudonym': {
      const kind = pseudonyms[span.class] ?? refuse(`no pseudonym stands for ${span.class}`)
      const pseudonym = await pseudonymFor(tx, providerId, kind, valueKey(span.text))
      return { ...span, verdict, pseudonym, keepReason: null }
    }
  }
}
