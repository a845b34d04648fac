import type { ImapFlowError } from 'imapflow'
import type { ImapDoor } from '../../config/config.ts'
import { isTrouble, wordsOf } from '../../kit/errors.ts'

/** Codes of OpenSSL for a certificate nobody vouches for. */
const untrusted = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
])

/** What went wrong with a mailbox, for the person who can mend it. Never with the password in it. */
export function saysOf(error: unknown, door: ImapDoor): string {
  const where = `${door.host}:${door.port}`
  if (isTrouble(error, 'file.unreadable'))
    return `The file ${String(error.details['file'])} cannot be read. Check its path and permissions.`
  if (isTrouble(error, 'database.unreachable'))
    return 'Mail is there, but the database does not answer. Nothing is lost; it is tried again.'
  if (isTrouble(error, 'disk.full')) return 'Mail is there, but the disk is full. Free some space; nothing is lost.'
  const trouble = error as ImapFlowError
  const code =
    trouble.code ??
    (trouble._err as { code?: string } | undefined)?.code ??
    (trouble.cause as { code?: string } | undefined)?.code ??
    ''
  if (trouble.authenticationFailed === true) return `${where} refused the user name or password of ${door.user}.`
  if (trouble.mailboxMissing === true) return `${where} has no mailbox "${door.mailbox}" for ${door.user}.`
  if (untrusted.has(code))
    return `The certificate of ${where} is not trusted. Name the authority that signed it in caFile.`
  if (code === 'CERT_HAS_EXPIRED') return `The certificate of ${where} has expired.`
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `The certificate of ${where} is for another name. Use the name that is in it.`
  if (trouble.tlsFailed === true)
    return `${where} does not offer STARTTLS, so nothing was sent. Use tls: implicit, or another port.`
  if (code === 'EPROTO' || code.startsWith('ERR_SSL'))
    return `${where} does not speak TLS as expected (${code}). Check port and tls.`
  if (code === 'ECONNREFUSED') return `Nobody listens at ${where}.`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `The name ${door.host} could not be looked up.`
  if (['ETIMEDOUT', 'CONNECT_TIMEOUT', 'GREETING_TIMEOUT', 'ETIMEOUT'].includes(code))
    return `${where} does not answer.`
  return `The connection to ${where} broke: ${wordsOf(error)}`
}
