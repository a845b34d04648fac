import { createHmac } from 'node:crypto'
import type { Clock } from '../../kit/clock.ts'
import { sha256Hex } from '../../kit/digest.ts'
import type { Called, Outgoing, SystemSettings, TheirRef, TicketSystemBehind } from '../../model/elsewhere.ts'
import { CallOut, nothingToRead } from '../call-out.ts'
import { type Pass, passGreeting } from '../gate.ts'

/** A file goes along as base64 up to here; of a larger one name and digest. */
const fileBytesMax = 5 * 1024 * 1024

/**
 * Anything that takes a signed post (Standard Webhooks). It cannot be asked, only told: the same event always has the same `webhook-id`,
 * by which a receiver knows a repetition. What it has to say comes back as a signed post of its own.
 */
export function openWebhook(settings: SystemSettings, secret: string, clock: Clock): TicketSystemBehind<Pass> {
  const out = new CallOut(settings, clock)
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const post = async (
    pass: Pass | 'greeting',
    id: string,
    type: string,
    data: Record<string, unknown>,
  ): Promise<Called<null>> => {
    const body = JSON.stringify({ type, timestamp: clock.now().toISOString(), data })
    const timestamp = String(Math.floor(clock.now().getTime() / 1000))
    const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
    const headers = {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${signature}`,
    }
    const shown = pass === 'greeting' ? passGreeting(body) : pass
    return nothingToRead(await out.tell(shown, { method: 'POST', url: settings.baseUrl, headers, body }))
  }
  const idOf = (marker: string): string => marker.replace(/^counterfoil-/, '')
  const dataOf = (one: Outgoing) => ({
    id: idOf(one.marker),
    ticket: one.ticket,
    title: one.title,
    description: one.description,
    severity: one.severity,
    link: one.link,
  })
  const refOf = (one: Outgoing): TheirRef => ({ id: idOf(one.marker), key: one.ticket, url: null })
  return {
    reads: false,
    find: async () => ({ kind: 'done', value: [] }),
    create: async (pass, one) => {
      const told = await post(pass, `create-${idOf(one.marker)}`, 'ticket.created', dataOf(one))
      return told.kind === 'done' ? { kind: 'done', value: refOf(one) } : told
    },
    read: async () => ({ kind: 'done', value: null }),
    update: (pass, id, one) =>
      post(pass, `update-${id}-${sha256Hex(JSON.stringify(dataOf(one))).slice(0, 16)}`, 'ticket.updated', dataOf(one)),
    setStatus: (pass, id, status) =>
      post(pass, `status-${id}-${sha256Hex(`${status} ${clock.now().toISOString()}`).slice(0, 16)}`, 'ticket.status', {
        id,
        status,
      }),
    comment: async (pass, id, comment) =>
      post(pass, `comment-${comment.id}`, 'ticket.commented', { id, comment: comment.id, text: comment.text }),
    attach: async (pass, id, file) =>
      post(pass, `file-${file.id}`, 'ticket.file', {
        id,
        file: file.id,
        name: file.name,
        sha256: sha256Hex(file.bytes),
        ...(file.bytes.length > fileBytesMax ? {} : { content: Buffer.from(file.bytes).toString('base64') }),
      }),
    fetch: async () => ({ kind: 'refused', why: 'it cannot be asked' }),
    changed: async () => ({ kind: 'done', value: [] }),
    whoAmI: async () => {
      const told = await post('greeting', `ping-${clock.now().getTime()}`, 'ping', {})
      return told.kind === 'done' ? { kind: 'done', value: 'it took a signed post' } : told
    },
    close: () => out.close(),
  }
}
