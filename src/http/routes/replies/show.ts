import type { ReplyFileShown, ReplyPage } from '../../../contract/answer.ts'
import { talkOf } from '../../../db/approval-talk.ts'
import { seatsOf } from '../../../db/approvals.ts'
import { standingDecision } from '../../../db/decisions.ts'
import { listEgress } from '../../../db/egress.ts'
import { systemById } from '../../../db/elsewhere-systems.ts'
import { replyAround } from '../../../db/house-front.ts'
import type { Db } from '../../../db/open.ts'
import { releaseSignaturesOf } from '../../../db/release-signatures.ts'
import { earlierAnswers } from '../../../db/released-replies.ts'
import { type ReplyRecord, replyRecord } from '../../../db/replies.ts'
import { evidenceOf, filesOfReply, type ReplyFile } from '../../../db/reply-files.ts'
import { requestsOf } from '../../../db/reply-requests.ts'
import { openReleaseOf } from '../../../db/second-releases.ts'
import { settingOf } from '../../../db/settings.ts'
import { namesOfActors } from '../../../db/users.ts'
import type { ProtectionSeen } from '../../../model/mail-key.ts'
import { type Agreement, agreementOf, type Provider } from '../../../model/provider.ts'
import { secondWaitDefault } from '../../../model/release.ts'
import type { SensitiveSpan } from '../../../model/reply.ts'
import { releasedAnswer, wayOf } from '../../../playbooks/replies/api-answer.ts'
import { protectingOf } from '../../../playbooks/replies/protect.ts'
import { howToRelease } from '../../../playbooks/replies/sign-release.ts'
import { releasedProtection } from '../../../triage/mail-protection.ts'
import { blockOf, secondPersonBecause, strangersIn } from '../../../triage/sharing.ts'
import type { Front } from '../../front.ts'
import { domainsCover } from '../../recipients.ts'
import { known, serve } from '../../serve.ts'

export const showReply = serve('GET /api/replies/:id', async ({ front, params, may, actor, session }) => {
  const record = known(await replyRecord(front.db, params.id))
  const { reply, first } = record
  const around = known(await replyAround(front.db, params.id))
  const signatures = reply.digest === null ? [] : await releaseSignaturesOf(front.db, reply.id, reply.digest)
  const nameOf = await namesOfActors(front.db, [reply.releasedBy, first?.by ?? null, ...signatures.map(({ by }) => by)])
  const { provider } = around
  const agreement = agreementOf(provider ?? { mayShare: [] })
  const files = await filesOfReply(front.db, params.id)
  const all = [...reply.spans, ...files.flatMap((file) => [...file.nameSpans, ...file.spans])]
  const shown = await apiShown(front.db, record, {
    ...{ id: reply.alertId, providerId: around.providerId, ticket: around.alert.ticket },
  })
  const [entry] = reply.releasedAt === null ? [] : await listEgress(front.db, { q: reply.messageId }, 1)
  return {
    reply,
    files: files.map(shownFile),
    evidence: [...(reply.state === 'draft' ? await evidenceOf(front.db, reply.alertId) : [])],
    alert: around.alert,
    provider: {
      ...{ id: around.providerId, name: provider?.name ?? around.providerId, dryRun: provider?.dryRun ?? true },
      ...{ mayShare: [...agreement.mayShare], upToTlp: agreement.upToTlp },
    },
    recipients:
      shown.api === null
        ? reply.to.map((address) => ({ address, because: becauseOf(address, provider, agreement) }))
        : [{ address: `${shown.api.system}/${shown.api.ticket}`, because: becauseOfApi(shown.api, agreement) }],
    ...shown,
    // A rule for mails says nothing of an API.
    protection:
      shown.api === null
        ? await protectionSeen(front, record, provider)
        : { state: 'plain' as const, says: `Through the API of ${shown.api.title}.`, next: null },
    holdSeconds: (await settingOf(front.db, 'reply-hold-seconds')) ?? front.settings.config.replyHoldSeconds,
    releasedByName: reply.releasedBy === null ? null : nameOf(reply.releasedBy),
    mayRelease: may('reply.release'),
    blocked: blocksOf(all, agreement),
    twoBecause: [...secondPersonBecause(all, agreement, record.twoByPlaybook)],
    first:
      first === null
        ? null
        : { byName: nameOf(first.by), at: first.at, because: [...first.because], mine: first.by === actor() },
    asked: await askedOf(front.db, reply.id),
    secondHours: ((await settingOf(front.db, 'second-wait')) ?? secondWaitDefault).hours,
    signing: await howToRelease(front.db, session().user.id, first === null ? 'first' : 'second'),
    signatures: signatures.map(({ part, by, at }) => ({ part, byName: nameOf(by), at })),
    ledgerIndex: entry?.ledgerIndex ?? null,
    earlier: await Promise.all(
      (await earlierAnswers(front.db, params.id)).map(async ({ replyId, sentAt, bytes }) => ({
        ...{ replyId, sentAt, text: (await front.work.reply.readSent(bytes)).text },
      })),
    ),
  }
})

type ApiShown = Pick<ReplyPage, 'api' | 'byMailBecause'>

/** Which way it leaves, or left: as it was fixed, or as things are. */
async function apiShown(
  db: Db,
  record: ReplyRecord,
  alert: { readonly id: string; readonly providerId: string; readonly ticket: string | null },
): Promise<ApiShown> {
  const { reply, bytes } = record
  const fixed = releasedAnswer(record)
  if (fixed !== null) {
    const system = await systemById(db, fixed.system)
    const begun = new Map((await requestsOf(db, reply.id)).map((request) => [request.n, request]))
    const requests = fixed.requests.map(({ tells }, n) => ({
      ...{ tells, state: begun.get(n)?.state ?? ('waits' as const), at: begun.get(n)?.at ?? null },
    }))
    const words = { status: fixed.status ?? '', verdict: fixed.verdict ?? '' }
    const title = system?.title ?? fixed.system
    return { api: { system: fixed.system, title, ticket: fixed.ticket, words, requests }, byMailBecause: null }
  }
  if (bytes !== null) return { api: null, byMailBecause: null }
  const way = await wayOf(db, alert)
  if (way.kind === 'mail') return { api: null, byMailBecause: way.why }
  const decision = await standingDecision(db, reply.alertId)
  const words = decision === null ? null : (way.system.settings.verdictOut[decision.outcome] ?? null)
  const { id: system, title } = way.system
  return { api: { system, title, ticket: way.ticket, words, requests: [] }, byMailBecause: null }
}

function becauseOfApi({ title, ticket, words }: NonNullable<ApiShown['api']>, agreement: Agreement): string {
  const says =
    words === null
      ? 'Blocked: nobody said what this decision is called there (Settings, Tickets elsewhere).'
      : [
          `Their own ticket ${ticket} in ${title}: a comment`,
          ...(words.status === '' ? [] : [`status “${words.status}”`]),
          ...(words.verdict === '' ? [] : [`verdict “${words.verdict}”`]),
        ].join(', ')
  return `${says.replace(/[^.]$/, '$&.')} The agreement lets intelligence leave up to TLP:${agreement.upToTlp}.`
}

/** Before it is fixed: as things are. After: as it was released, whatever changed since. */
async function protectionSeen(
  front: Pick<Front, 'db' | 'clock'>,
  { bytes, clear, providerId }: ReplyRecord,
  provider: Provider | null,
): Promise<ProtectionSeen> {
  if (bytes !== null) return releasedProtection(clear?.protection ?? null)
  const { state, says, next } = await protectingOf(
    front.db,
    { id: providerId, ...(provider?.mail === undefined ? {} : { mail: provider.mail }) },
    front.clock.now(),
  )
  return { state, says, next }
}

/** Who is asked for the second release, those who handed it over not among them. */
async function askedOf(db: Db, replyId: string) {
  const asking = await openReleaseOf(db, replyId)
  if (asking === null) return null
  const seats = await seatsOf(db, asking.id)
  const nameOf = new Map(seats.map(({ userId, name }) => [userId, name]))
  const names = seats.flatMap(({ name, askedAt, handedTo, standsFor }) =>
    askedAt === null || handedTo !== null ? [] : [standsFor === null ? name : `${name} for ${nameOf.get(standsFor)}`],
  )
  const talk = (await talkOf(db, asking.id)).map(({ byName, at, text, isAnswer }) => ({ byName, at, text, isAnswer }))
  return { id: asking.id, names, expiresAt: asking.expiresAt, talk }
}

/** Words before and after a place of a file that tell what it is about. */
const aroundChars = 60

function shownFile(file: ReplyFile): ReplyFileShown {
  const { id, name, kind, blocked, isPlain, text, addedBy, addedAt } = file
  return {
    ...{ id, name, kind, blocked, isPlain, addedBy, addedAt, stripped: [...file.stripped] },
    sizeBytes: file.kind === 'blocked' ? file.came.bytes : file.bytes.length,
    fromCase: file.came.ticketFileId !== null,
    nameSpans: [...file.nameSpans],
    spans: file.spans.map((span) => ({
      ...span,
      // Up to an empty line: behind that stands something else (markup.ts).
      before: text
        .slice(Math.max(0, span.start - aroundChars), span.start)
        .toWellFormed()
        .replace(/[\s\S]*\n\s*\n/, ''),
      after: text
        .slice(span.end, span.end + aroundChars)
        .toWellFormed()
        .replace(/\n\s*\n[\s\S]*/, ''),
    })),
  }
}

function becauseOf(address: string, provider: Provider | null, agreement: Agreement): string {
  if (provider === null) return 'This provider is not configured.'
  const stranger = strangersIn([address], agreement).length > 0
  return stranger
    ? 'Blocked: the agreement names other domains. Change the reply address or the agreement.'
    : `${domainsCover(address, provider)} The agreement lets intelligence leave up to TLP:${agreement.upToTlp}.`
}

function blocksOf(spans: readonly SensitiveSpan[], agreement: Agreement) {
  return Object.fromEntries(
    spans.flatMap((span) => {
      const block = blockOf(span, agreement)
      return block === null ? [] : [[span.id, block] as const]
    }),
  )
}
