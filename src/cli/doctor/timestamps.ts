import { randomBytes } from 'node:crypto'
import type { Timestamps } from '../../config/config.ts'
import { stampsSeen } from '../../db/ledger-stamps.ts'
import type { Db } from '../../db/open.ts'
import type { Clock } from '../../kit/clock.ts'
import { readStampResponse, stampQuery } from '../../ledger/timestamp.ts'
import { authorityCertificates } from '../../main/stamps.ts'
import { openTimestamps } from '../../outbox/timestamp/index.ts'
import { endsSoonDays } from '../../triage/mail-protection.ts'
import { broken, type Check, duration, notApplicable, ok, warn } from './check.ts'

const name = 'timestamps'
const hourMs = 3_600_000
const dayMs = 24 * hourMs
const nonceBytes = 8

/**
 * Whether the ledger can be stamped, and is: the authority is asked once, as the stamper asks it, over a digest of nothing, and its answer is checked;
 * then how old the newest stamp is, and what waits for one.
 */
export async function lookAtTimestamps(db: Db, settings: Timestamps | undefined, clock: Clock): Promise<Check[]> {
  const stamps = await stampsSeen(db)
  if (settings !== undefined)
    return [await lookAtAuthority(settings, clock), judgeStamps(stamps, settings.everyHours, clock.now())]
  const [last] = stamps.newest
  return [
    last === undefined
      ? notApplicable(name, 'no time-stamping authority is set')
      : warn(
          name,
          `the ledger was stamped ${stamps.count} times until ${last.at}, and no authority is set any more`,
          'Set `timestamps` in counterfoil.yaml again (docs/ledger.md), or leave it: what was stamped stays stamped.',
        ),
  ]
}

async function lookAtAuthority(settings: Timestamps, clock: Clock): Promise<Check> {
  const trusted = authorityCertificates(settings.caFile)
  const daysLeft = Math.max(
    ...trusted.map((one) => Math.floor((one.validToDate.getTime() - clock.now().getTime()) / dayMs)),
  )
  if (daysLeft < 0)
    return broken(
      name,
      `every certificate in ${settings.caFile} has ended: whatever the authority answers is refused`,
      'Get its present certificate from the authority, and name it in timestamps.caFile.',
    )
  const authority = openTimestamps(settings, clock)
  try {
    const [sha256, nonce] = [randomBytes(32), randomBytes(nonceBytes)]
    const answered = await authority.ask(stampQuery(sha256, nonce))
    if (answered.kind === 'none')
      return broken(
        name,
        `${settings.url} does not answer: ${answered.why}`,
        'Check timestamps.url, whether this machine may reach it, and timestamps.allowAddresses where it stands in this network. The ledger goes on meanwhile.',
      )
    const read = readStampResponse(answered.bytes, { sha256, nonce, trusted })
    if (read.kind === 'refused')
      return broken(
        name,
        `${settings.url} answers, and ${read.why}`,
        'Name the certificate of this very authority in timestamps.caFile, or mend timestamps.url.',
      )
    if (daysLeft <= endsSoonDays)
      return warn(
        name,
        `${read.authority} stamps; what vouches for it in ${settings.caFile} ends in ${daysLeft} days`,
        'Get its next certificate from the authority, and put it into that file beside the present one.',
      )
    return ok(name, `${read.authority} stamps`)
  } finally {
    await authority.close()
  }
}

type Stamps = Awaited<ReturnType<typeof stampsSeen>>

/** A stamp is late when it is not there a period after it was due; while nothing happens in the ledger none is due. */
export function judgeStamps({ newest, waiting, count }: Stamps, everyHours: number, now: Date): Check {
  const check = 'timestamps-age'
  const [last] = newest
  const age = (at: string): string => duration(Math.max(0, now.getTime() - Date.parse(at)))
  const has = last === undefined ? 'none was made yet' : `${count} so far, the newest ${age(last.at)} ago`
  if (waiting === null)
    return last === undefined
      ? warn(check, `${has}`, 'Start the server: `counterfoil start`. It asks within a minute of the first record.')
      : ok(check, has)
  const waitMs = now.getTime() - Date.parse(waiting.since)
  const says = `${has}; one waits for ${duration(Math.max(0, waitMs))}`
  if (waiting.tries === 0 && waitMs < hourMs) return ok(check, says)
  const tried = waiting.tries === 0 ? 'and nobody asked' : `after ${waiting.tries} tries: ${waiting.says}`
  const judge = waitMs > everyHours * hourMs ? broken : warn
  return judge(
    check,
    `${says}, ${tried}`,
    waiting.tries === 0
      ? 'Start the server: `counterfoil start`.'
      : `Mend what it says; it is asked again by itself at ${waiting.nextAt}, and nothing in the ledger is lost meanwhile.`,
  )
}
