import { aboutAlert } from '../../db/elsewhere.ts'
import type { Db } from '../../db/open.ts'
import type { TicketRecord } from '../../db/tickets.ts'
import { canonicalJson } from '../../kit/canonical-json.ts'
import { sha256Hex } from '../../kit/digest.ts'
import type { Outgoing, SharedField } from '../../model/elsewhere.ts'

/** What a system is asked for when it is to find a ticket again: a label in Jira, a correlation id in ServiceNow. */
export function markerOf(alertId: string): string {
  return `counterfoil-${alertId}`
}

/** A description that nobody reads to its end helps nobody. */
const summaryCharsMax = 4_000

/** A ticket as it leaves: only the fields that somebody let out for this system. The number always does. */
export async function outlineOf(
  db: Db,
  ticket: TicketRecord,
  fields: readonly SharedField[],
  alertUrl: (alertId: string) => string,
): Promise<Outgoing> {
  const has = (field: SharedField): boolean => fields.includes(field)
  const about = has('about') || has('summary') || has('outcome') ? await aboutAlert(db, ticket.alertId) : null
  const lines: (string | null)[] = [
    `Counterfoil T-${ticket.number}`,
    has('severity') ? `Severity: ${ticket.severity}` : null,
    has('type') ? `Type: ${ticket.type}` : null,
    has('provider') ? `Provider: ${ticket.providerId}` : null,
    has('their-number') && ticket.theirs !== null ? `Their number: ${ticket.theirs}` : null,
    ...(has('about') && about !== null
      ? [
          named('Host', about.host),
          named('Account', about.account),
          named('Source', about.source),
          named('Destination', about.destination),
        ]
      : []),
    has('outcome') && ticket.outcome !== null ? `Decision: ${ticket.outcome}. ${about?.reason ?? ''}`.trim() : null,
    has('summary') && about !== null && about.summary !== '' ? `\n${about.summary.slice(0, summaryCharsMax)}` : null,
  ]
  return {
    marker: markerOf(ticket.alertId),
    ticket: `T-${ticket.number}`,
    title: has('title') ? oneLine(`T-${ticket.number} ${ticket.title}`) : `Counterfoil T-${ticket.number}`,
    description:
      lines.filter((line) => line !== null).join('\n') + (has('link') ? `\n\n${alertUrl(ticket.alertId)}` : ''),
    severity: has('severity') ? ticket.severity : null,
    link: has('link') ? alertUrl(ticket.alertId) : null,
  }
}

const named = (name: string, value: string | null): string | null => (value === null ? null : `${name}: ${value}`)
const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim().slice(0, 250)

export function digestOf(out: Outgoing): string {
  return sha256Hex(canonicalJson(out))
}

/** The last line of a comment of ours over there, by which it is known when it comes back. */
export function commentMark(commentId: string, text: string): string {
  return `[counterfoil ${sha256Hex(`${commentId}\n${text}`).slice(0, 16)}]`
}

/** The mark that a comment ends with; null where it has none. */
export function markIn(text: string): string | null {
  return /\[counterfoil [0-9a-f]{16}\]\s*$/.exec(text)?.[0].trim() ?? null
}
