import { getAlert } from '../db/alerts.ts'
import { findingsOf } from '../db/findings.ts'
import { getMessage } from '../db/messages.ts'
import type { Db } from '../db/open.ts'
import { readTlp, strictest, type Tlp } from '../model/intelligence.ts'
import type { Restricted } from '../triage/redaction/restricted.ts'
import { restrictedIn } from './replies/restricted.ts'

/** Mails of one alert that are looked through for a marking, from the newest back. */
const messagesMax = 20
/** A marking stands at the top or the foot of a mail; one of 200,000 signs is a dump of logs. */
const textCharsMax = 200_000

const written = /\bTLP\s*[:=_-]?\s*(RED|AMBER\s*\+\s*STRICT|AMBER|GREEN|CLEAR|WHITE)\b/gi

/** The strictest traffic light that a text speaks of; null where it speaks of none. */
export function tlpIn(text: string): Tlp | null {
  const told = [...text.slice(0, textCharsMax).matchAll(written)].map(([, word = '']) =>
    readTlp(word.replaceAll(/\s/g, '')),
  )
  return strictest(told)
}

/** How an alert is marked: by the strictest word in the mails it came in. Null: nobody marked it. */
export async function markingOfAlert(db: Db, alertId: string): Promise<Tlp | null> {
  const record = await getAlert(db, alertId)
  if (record === null) return null
  const told: (Tlp | null)[] = [tlpIn(record.alert.title)]
  for (const id of record.alert.messageIds.slice(-messagesMax)) {
    const message = await getMessage(db, id)
    told.push(tlpIn(message?.subject ?? ''))
    for (const { text } of message?.letter?.parts ?? []) told.push(tlpIn(text))
  }
  return strictest(told)
}

/** What of a text about an alert is known only from intelligence that may not be passed on this far. */
export async function restrictedOf(db: Db, alertId: string, text: string, upTo: Tlp): Promise<readonly Restricted[]> {
  return restrictedIn(db, text, { findings: await findingsOf(db, alertId), providerWrote: '', upTo })
}
