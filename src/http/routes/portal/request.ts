import { randomUUID } from 'node:crypto'
import { providerScopeOf } from '../../../db/limited.ts'
import { oneAtATime } from '../../../db/one-at-a-time.ts'
import { transaction } from '../../../db/open.ts'
import { doorOf, insertRequest, requestsSince } from '../../../db/provider-door.ts'
import { providerById } from '../../../db/providers.ts'
import { sha256Hex } from '../../../kit/digest.ts'
import { Trouble } from '../../../kit/errors.ts'
import { append } from '../../../ledger/append.ts'
import { extract } from '../../../observables/extract.ts'
import { known, serve } from '../../serve.ts'

const dayMs = 24 * 3_600_000

/**
 * Takes a question of a provider's analyst in by the same way as any message of theirs: it becomes an alert with a ticket, and what is
 * answered goes through draft, review and release. Nothing is looked up here, so that neither words nor time tell what is known.
 */
export const askAtDoor = serve('POST /api/portal/requests', async ({ front, body, session, actor, request }) => {
  const { providerId } = providerScopeOf(session().user)
  if (extract(body.observable).length === 0)
    throw new Trouble('input.invalid', {
      fields: { observable: 'An address, domain, URL, hash, mail address or the like is expected' },
    })
  const provider = known(await providerById(front.db, providerId))
  const { requestsPerDay } = await doorOf(front.db, providerId)
  const at = front.clock.now()
  const id = randomUUID()
  const ticket = `ASK-${id.slice(0, 8).toUpperCase()}`
  const { user: asker, key } = session()
  const from = provider.replyAddress ?? provider.addresses[0]
  if (from === undefined) throw new Trouble('not.found', { provider: providerId, problem: 'no address to answer to' })
  const lines = [
    `From: ${from}`,
    `Subject: [${ticket}] Enrichment request`,
    `Message-ID: <${id}@portal.invalid>`,
    `Date: ${at.toUTCString().replace('GMT', '+0000')}`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    '',
    `Ticket: ${ticket}`,
    'Rule: Enrichment request',
    'Severity: Informational',
    `Observable: ${body.observable}`,
    '',
    `Question: What do you know about this? ${body.why}`,
    '',
  ]
  const bytes = Buffer.from(lines.join('\r\n'))
  const messageId = sha256Hex(bytes)
  // Counted before it is taken, one by one: what many ask at once is as many as what they ask one after the other.
  await transaction(front.db, async (tx) => {
    await oneAtATime(tx, `door-requests:${providerId}`)
    if ((await requestsSince(tx, providerId, new Date(at.getTime() - dayMs))) >= requestsPerDay)
      throw new Trouble('rate.limited', { provider: providerId })
    await insertRequest(tx, {
      id,
      providerId,
      askedBy: asker.id,
      keyId: key?.id ?? null,
      observable: body.observable,
      why: body.why,
      messageId,
      at,
    })
    const said = { ticket, observable: body.observable, messageId }
    await append(tx, { kind: 'door.asked', actor: actor(), subject: `provider:${providerId}`, body: said }, front.clock)
  })
  await front.work.takeAtDoor({
    ...{ providerId, bytes, sourceAddress: request.ip },
    origin: `portal;user=${asker.id}${key === null ? '' : `;key=${key.id}`}`,
  })
  return { ticket }
})
