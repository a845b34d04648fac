import type { AutoKind } from '../../model/letter.ts'
import type { Field, Parameters } from './header-fields.ts'
import { lastOf } from './header-fields.ts'

/** Subjects of out-of-office answers in the languages Exchange and Gmail write them; only counted beside a header that says "automatic". */
const awaySubject =
  /^\s*(?:automatic reply|auto(?:matic)?[- ]?reply|out of (?:the )?office|autoreply|abwesenheit|automatische antwort|r(?:é|e)ponse automatique|respuesta autom|risposta automatica)/i

/**
 * What kind of automatic mail its headers say it is (RFC 3834, RFC 3464, RFC 2919). `Auto-Submitted: auto-generated` alone is none
 * of these: that is what every alert of a machine is. X-Auto-Response-Suppress likewise stands on alerts of Microsoft, so it counts
 * only beside the subject of an absence note.
 */
export function autoKindOf(
  fields: readonly Field[],
  type: Parameters,
  subject: string,
  hasDeliveryStatus: boolean,
): AutoKind {
  const report = type.value === 'multipart/report' ? (type.parameters.get('report-type') ?? '').toLowerCase() : ''
  if (hasDeliveryStatus || report === 'delivery-status') return 'bounce'
  const from = (lastOf(fields, 'from') ?? '').toLowerCase()
  const noReturnPath = (lastOf(fields, 'return-path') ?? '').replace(/\s/g, '') === '<>'
  if (noReturnPath && /mailer-daemon@|postmaster@/.test(from)) return 'bounce'
  if (lastOf(fields, 'x-failed-recipients') !== null) return 'bounce'

  const submitted = (lastOf(fields, 'auto-submitted') ?? '').toLowerCase()
  const precedence = (lastOf(fields, 'precedence') ?? '').toLowerCase()
  if (submitted.startsWith('auto-replied') || precedence === 'auto_reply') return 'auto-reply'
  if (report === 'disposition-notification') return 'auto-reply'
  if (lastOf(fields, 'x-autoreply') !== null || lastOf(fields, 'x-autorespond') !== null) return 'auto-reply'
  const says = submitted.startsWith('auto-') || noReturnPath || lastOf(fields, 'x-auto-response-suppress') !== null
  if (says && awaySubject.test(subject)) return 'auto-reply'

  if (lastOf(fields, 'list-id') !== null || precedence === 'list' || precedence === 'bulk') return 'list'
  return 'none'
}
