import type { MailOut } from '../../config/config.ts'
import { sha256Hex } from '../../kit/digest.ts'
import { Trouble } from '../../kit/errors.ts'
import type { Leaving, MailDoor } from '../../model/doors.ts'
import { type EntryOf, passGate } from '../gate.ts'
import { addressIn, composeMail, isAddress, protectMail } from './compose.ts'
import { dkimKey } from './dkim.ts'
import { splitMail, valueOf } from './headers.ts'
import { makeSend, readKept, type SendLimits, sendLimitsDefault } from './send.ts'

/** Who our own people are: notices go to nobody else. */
export type OwnPeople = {
  readonly ownDomains: readonly string[]
  readonly people: Readonly<Record<string, readonly string[]>>
}

export function isOwnAddress(address: string, own: OwnPeople): boolean {
  const lower = address.toLowerCase()
  const domain = lower.slice(lower.lastIndexOf('@') + 1)
  return (
    own.ownDomains.some((one) => domain === one.toLowerCase() || domain.endsWith(`.${one.toLowerCase()}`)) ||
    Object.values(own.people).some((addresses) => addresses.some((one) => one.toLowerCase() === lower))
  )
}

/**
 * The one way out for mail. Nothing else in the house holds the sender, so that what leaves is exactly one of two things: bytes that
 * the gate lets pass (outbox/gate.ts), or a notice to our own people.
 */
export function makeMailDoor(
  config: MailOut,
  own: OwnPeople,
  entryOf: EntryOf,
  limits: SendLimits = sendLimitsDefault,
): MailDoor {
  const address = addressIn(config.from)
  const { dkim, copyTo } = config
  if (copyTo !== undefined && !isAddress(copyTo)) throw new Trouble('input.invalid', { field: 'mailOut.copyTo' })
  const key = dkim === undefined ? null : dkimKey(dkim.domain, dkim.selector, readKept(dkim.keyFile))
  const send = makeSend(config, limits)
  return {
    address,
    domain: address.slice(address.lastIndexOf('@') + 1),
    isOwn: (one) => isOwnAddress(one, own),
    compose: (letter) => composeMail(letter, config.from, key),
    protect: (letter, sealing) => protectMail(letter, config.from, key, sealing),
    leave: async (leaving) => {
      assertMayLeave(leaving, own)
      if (leaving.kind === 'released') await passGate(entryOf, leaving.entryId, { ...leaving, channel: 'mail' })
      const copy = leaving.kind === 'released' && copyTo !== undefined ? [copyTo] : []
      return send({ bytes: leaving.bytes, from: address, to: [...leaving.to, ...copy] })
    },
    close: send.close,
  }
}

/** Checked just before the bytes leave: the mail and its envelope say the same, and a notice is for our own people. */
function assertMayLeave(leaving: Leaving, own: OwnPeople): void {
  const refuse = (problem: string): never => {
    throw new Trouble('internal', { problem, messageId: leaving.messageId })
  }
  if (leaving.kind === 'notice' && sha256Hex(leaving.bytes) !== leaving.digest)
    refuse('the bytes are of another notice')
  const { headers } = splitMail(leaving.bytes)
  const values = (name: string) => headers.filter((field) => field.name === name).map(valueOf)
  if (values('message-id').join() !== `<${leaving.messageId}>`) refuse('the bytes are of another mail')
  const named = values('to')
    .join()
    .split(',')
    .map((one) => one.trim())
  if (named.join('\n') !== leaving.to.join('\n')) refuse('the envelope is not what the mail says')
  const stranger = leaving.kind === 'notice' ? leaving.to.find((address) => !isOwnAddress(address, own)) : undefined
  if (stranger !== undefined) refuse('a notice goes to our own people only')
}
