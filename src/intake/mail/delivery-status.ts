import type { DeliveryStatus } from '../../model/letter.ts'
import { storable } from './charset.ts'
import { decodeWords, fieldsOf, lastOf } from './header-fields.ts'
import { statusRecipientsMax } from './limits.ts'

/** A field "rfc822; someone@example.com" without the type before the semicolon. */
function afterType(value: string | null): string {
  return value === null ? '' : decodeWords(value.replace(/^[^;]{1,40};\s*/, ''))
}

/** Per-recipient groups of a message/delivery-status body (RFC 3464 section 2.1): blocks of fields apart by empty lines. */
export function readDeliveryStatus(body: string, about: string | null): DeliveryStatus {
  const recipients: DeliveryStatus['recipients'] = []
  for (const block of body.split(/\r?\n[ \t]*\r?\n/)) {
    const { fields } = fieldsOf(block)
    const address = afterType(lastOf(fields, 'final-recipient') ?? lastOf(fields, 'original-recipient'))
    if (address === '' || recipients.length >= statusRecipientsMax) continue
    recipients.push({
      address: storable(address),
      action: (lastOf(fields, 'action') ?? '').toLowerCase(),
      status: lastOf(fields, 'status') ?? '',
      diagnostic: afterType(lastOf(fields, 'diagnostic-code')),
    })
  }
  return { about, recipients }
}
