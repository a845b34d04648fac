import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { xrayOf } from '../cli/xray.ts'
import { type AlertRecord, getAlert } from '../db/alerts.ts'
import { findingsOf } from '../db/findings.ts'
import { countMessages } from '../db/messages.ts'
import { replyById } from '../db/replies.ts'
import { addUser } from '../db/users.ts'
import { demoLink } from '../http/links.ts'
import { Trouble } from '../kit/errors.ts'
import { cutLines } from '../ledger/lines.ts'
import { verifyExport } from '../ledger/verify.ts'
import { headline } from '../measure/xray-words.ts'
import { rungTitles } from '../model/question.ts'
import { outcomeTitles } from '../model/triage.ts'
import { bringContext, providerMails, type SampleMail, type Stage, samples } from './play.ts'

/** Longer than any of the waits below ever took, tenfold. */
const waitMsMax = 60_000
/** The alert that is played step by step; everything before it is history. */
const today = '2025-10-21-mdr-2025-1080.eml'
/** How the review says that a place is known to the provider (triage/redact.ts). */
const providerWrote = 'the provider wrote it itself'
/** What the desk answered the first times. */
const answeredBefore = 'Internal port scan'

export type Tell = (text?: string) => void

async function until<T>(what: string, look: () => Promise<T | null>): Promise<T> {
  const end = performance.now() + waitMsMax
  while (performance.now() < end) {
    const seen = await look()
    if (seen !== null) return seen
    await sleep(20)
  }
  throw new Trouble('internal', { problem: `waited ${waitMsMax / 1000} s for: ${what}` })
}

/** 1. See it: what a folder of old mail says. */
export async function seeIt(tell: Tell): Promise<void> {
  const began = performance.now()
  const options = { ours: [], businessHours: { from: '08:00', to: '18:00', timeZone: null } }
  const { xray } = await xrayOf([path.join(samples, 'mail')], options, () => ({
    at: () => undefined,
    end: () => undefined,
  }))
  const { messages, rules, repeated } = xray
  tell(`  ${headline(xray)}`)
  tell(
    `  ${messages.in} messages = ${messages.read} read + ${messages.reply} ours + ${messages.unread} unread; ${xray.alerts} alerts, ${xray.tickets} tickets.`,
  )
  for (const { rule, alerts, share } of rules.slice(0, 3))
    tell(`  ${String(alerts).padStart(3)} x ${rule} (${Math.round(share * 100)} %)`)
  for (const { rule, entity, times } of repeated.slice(0, 3)) tell(`  asked ${times} times: ${rule} on ${entity}`)
  tell(`  (${Math.round(performance.now() - began)} ms, no credentials, no database)`)
}

/** 2. The customer's own half: who the providers are, what the machines are for, whose they are. */
export async function bring(stage: Stage, tell: Tell): Promise<{ userId: string; link: string }> {
  const taken = await bringContext(stage.running)
  tell(`  imported ${taken['assets']} assets, ${taken['people']} people, ${taken['networks']} networks`)
  const { db, clock } = stage.running.house
  const user = { id: randomUUID(), email: 'd.patel@nordhaven.example', role: 'administrator' as const }
  const createdAt = clock.now().toISOString()
  await addUser(
    db,
    { ...user, name: 'Dev Patel', createdAt, disabled: false },
    { passwordHash: null, totpSealed: null, totpLastStep: 0 },
  )
  return { userId: user.id, link: await demoLink(db, stage.running.settings, clock, user) }
}

function smtpOf(stage: Stage): { host: string; port: number } {
  const { smtp } = stage.running.doors
  if (smtp === null) throw new Trouble('internal', { problem: 'the SMTP door is shut' })
  return smtp
}

/** 3. Six weeks of provider mail through the real SMTP door, one of them forged. Returns the mail that is played next. */
export async function sendHistory(stage: Stage, tell: Tell): Promise<SampleMail> {
  const mails = await providerMails()
  const next = mails.find(({ name }) => name === today)
  if (next === undefined) throw new Trouble('internal', { problem: `the sample ${today} is missing` })
  const began = performance.now()
  const history = mails.filter((mail) => mail !== next)
  for (const { bytes, from } of history) await stage.provider.send(bytes, from, smtpOf(stage))
  const forged = Buffer.from(
    next.bytes.toString('latin1').replaceAll('1080', '9999').replace('Internal port scan', 'URGENT: open this'),
    'latin1',
  )
  await stage.provider.send(forged, next.from, smtpOf(stage), { signed: false })
  const { db } = stage.running.house
  const counts = await until('all mail read', async () => {
    const counted = await countMessages(db)
    return (counted.states['received'] ?? 0) === 0 && counted.in === history.length + 1 ? counted : null
  })
  const ms = Math.round(performance.now() - began)
  tell(
    `  ${counts.in} mails in ${ms} ms: ${counts.states['read'] ?? 0} read, ${counts.states['quarantined'] ?? 0} in quarantine (forged: no signature of the provider)`,
  )
  return next
}

/** The alerts of the same question that came before are decided, as the desk did at the time. */
export async function decideHistory(stage: Stage, userId: string, tell: Tell): Promise<void> {
  const { db } = stage.running.house
  const earlier = await db
    .selectFrom('alert')
    .select('id')
    .where('rule', '=', answeredBefore)
    .orderBy('received_at')
    .execute()
  for (const { id } of earlier) {
    const record = await ready(stage, id)
    const findings = await findingsOf(db, id)
    const cites = findings
      .filter(({ kind, question }) => kind === 'found' && question === 'business-role-of-asset')
      .map((one) => one.id)
    const reason = 'The weekly authorised vulnerability scan from SCAN-01.'
    const decision = { outcome: 'false-alarm-benign', reason, cites, withoutEvidence: cites.length === 0 } as const
    await stage.running.work.decide({ alertId: id, ...decision, version: record.version, by: `user:${userId}` })
  }
  tell(`  "${answeredBefore}" was decided ${earlier.length} times before, each citing what SCAN-01 is for`)
}

async function ready(stage: Stage, alertId: string): Promise<AlertRecord> {
  return until('the ladder', async () => {
    const record = await getAlert(stage.running.house.db, alertId)
    return record?.filledAt == null ? null : record
  })
}

/** 4. Today's alert: from the provider's mail to evidence. */
export async function playAlert(stage: Stage, mail: SampleMail, tell: Tell): Promise<string> {
  const { db } = stage.running.house
  await stage.provider.send(mail.bytes, mail.from, smtpOf(stage))
  const began = performance.now()
  const found = await until('the alert', async () => {
    const row = await db.selectFrom('alert').select('id').where('ticket', '=', 'MDR-2025-1080').executeTakeFirst()
    return row ?? null
  })
  const { alert, judgement } = await ready(stage, found.id)
  const ms = Math.round(performance.now() - began)
  if (judgement === null) throw new Trouble('internal', { problem: 'the alert was not judged' })
  tell(`  A-${alert.number} ${alert.title}`)
  tell(`  ${judgement.sentence}`)
  for (const rung of judgement.ladder) {
    const by = rung.supplier === 'provider' ? 'provider' : rung.supplier === 'us' ? 'us' : '-'
    tell(`    ${rungTitles[rung.rung].padEnd(36)} ${rung.state.padEnd(15)} ${by}`)
  }
  const { delivered, attained, applicable } = judgement.fidelity
  tell(
    `  fidelity: ${delivered} of ${applicable} came with the mail, ${attained} of ${applicable} after our questions (${ms} ms after the 250)`,
  )
  const parts = judgement.risk.parts.filter(({ known }) => known).map(({ name, value }) => `${name} ${value}`)
  tell(`  risk: ${judgement.risk.level} (${parts.join(', ')})`)
  const { outcome, confidence } = judgement.proposal
  tell(
    `  proposed: ${outcome === null ? 'nothing yet' : `${outcomeTitles[outcome]} (confidence ${confidence})`}: ${judgement.proposal.sentence}`,
  )
  return found.id
}

/** 5. A person decides, reviews every sensitive place of the drafted reply, and releases it. */
export async function answerIt(stage: Stage, alertId: string, userId: string, tell: Tell): Promise<string> {
  const { house, work } = stage.running
  const by = `user:${userId}`
  const record = await ready(stage, alertId)
  const findings = await findingsOf(house.db, alertId)
  const cites = findings
    .filter(
      ({ kind, question }) =>
        kind === 'found' && ['business-role-of-asset', 'seen-before', 'owner-of-host'].includes(question),
    )
    .map((one) => one.id)
  const reason = 'The weekly authorised vulnerability scan from SCAN-01, as every week.'
  await work.decide({
    alertId,
    outcome: 'false-alarm-benign',
    reason,
    cites,
    withoutEvidence: false,
    version: record.version,
    by,
  })
  tell(`  decided: ${outcomeTitles['false-alarm-benign']}, citing ${cites.length} pieces of evidence`)
  const replyId = await until('the draft', async () => {
    const row = await house.db.selectFrom('reply').select('id').where('alert_id', '=', alertId).executeTakeFirst()
    return row?.id ?? null
  })
  const draft = await replyById(house.db, replyId)
  if (draft === null) throw new Trouble('internal', { problem: 'the draft is gone' })
  // What the provider itself wrote in its alert may go back as it is; our own words do not.
  const verdicts = draft.spans.map((span) =>
    span.reason.includes(providerWrote)
      ? { spanId: span.id, verdict: 'keep' as const, keepReason: 'The provider named it in its own alert.' }
      : { spanId: span.id, verdict: 'redact' as const, keepReason: null },
  )
  const version = verdicts.length === 0 ? draft.version : await work.reply.review(replyId, verdicts, draft.version, by)
  tell(
    `  reviewed ${verdicts.length} sensitive places of the draft: ${[...new Set(draft.spans.map((span) => span.class))].join(', ') || 'none'}`,
  )
  await work.reply.release(replyId, version, by)
  tell(`  released; held ${stage.running.settings.config.replyHoldSeconds} s, and can be taken back until then`)
  return replyId
}

/** 6. The reply arrives in the provider's thread, once, with a receipt. */
export async function arrive(stage: Stage, replyId: string, tell: Tell): Promise<void> {
  const sent = await until('the reply to be sent', async () => {
    const reply = await replyById(stage.running.house.db, replyId)
    return reply?.state === 'sent' ? reply : null
  })
  const mine = stage.provider.got.filter((mail) => mail.includes(sent.messageId))
  if (mine.length !== 1) throw new Trouble('internal', { problem: `the provider got the reply ${mine.length} times` })
  const text = (mine[0] as Buffer).toString('utf8')
  const head = text.slice(0, text.indexOf('\r\n\r\n'))
  for (const line of head.split('\r\n').filter((one) => /^(From|To|Subject|In-Reply-To|Message-ID):/i.test(one)))
    tell(`    ${line}`)
  const body = await stage.running.work.reply.preview(replyId)
  tell()
  for (const line of body.text.trim().split('\n')) tell(`    ${line}`)
  tell()
  tell(`  receipt: ${sent.receipt ?? ''}`)
}

/** 7. Prove it: the ledger exported and checked without the database. */
export async function proveIt(stage: Stage, tell: Tell): Promise<void> {
  await stage.running.settleLedger()
  const file = path.join(stage.folder, 'ledger.jsonl')
  const out = await open(file, 'w', 0o600)
  await stage.running.work.exportLedger(async (text) => void (await out.write(text)))
  await out.close()
  const verdict = await verifyExport(cutLines(createReadStream(file)), { key: stage.running.key.verifier })
  if (!verdict.ok)
    throw new Trouble('internal', { problem: 'the ledger does not verify', says: verdict.problems[0]?.says })
  tell(`  ${verdict.records} records exported, tree of ${verdict.size} leaves signed and recomputed: it holds`)
}
