import { sql } from 'kysely'
import type { FirstStep, TestTrace } from '../contract/first-run.ts'
import { ownDeskId } from '../model/provider.ts'
import { iso, isoOrNull } from './jsonb.ts'
import type { Db } from './open.ts'
import { sampleProviderPrefix, sampleSource } from './sample.ts'

type Counts = {
  networks: number
  providers: number
  messages: number
  last_at: Date | null
  assets: number
  people: number
  passkeys: number
  users: number
  invited: number
  decided: number
}

export type FirstFacts = ReadonlyMap<FirstStep, { readonly done: boolean; readonly says: string }>

/** Each step of the first hour as the record has it. Sample data counts for nothing but the decision, which is practice. */
export async function firstFacts(
  db: Db,
  own: { readonly domains: readonly string[]; readonly doors: number; readonly userId: string },
  now: Date,
): Promise<FirstFacts> {
  const prefix = `${sampleProviderPrefix}%`
  const { rows } = await sql<Counts>`
    select (select count(*)::int from network where source <> ${sampleSource}) as networks,
      (select count(*)::int from provider where id not like ${prefix} and id <> ${ownDeskId}) as providers,
      (select count(*)::int from (select 1 from message where not sample and channel <> 'detection' limit 1000) few) as messages,
      (select max(received_at) from message where not sample and channel <> 'detection') as last_at,
      (select count(*)::int from (select 1 from asset where source <> ${sampleSource} limit 1000000) few) as assets,
      (select count(*)::int from (select 1 from person where source <> ${sampleSource} limit 1000000) few) as people,
      (select count(*)::int from passkey where user_id = ${own.userId}::uuid) as passkeys,
      (select count(*)::int from app_user where not disabled) as users,
      (select count(*)::int from one_time_link where purpose = 'invitation' and used_at is null and expires_at > ${now.toISOString()}::timestamptz) as invited,
      (select count(*)::int from (select 1 from decision limit 1000) few) as decided`.execute(db)
  const [seen] = rows
  if (seen === undefined) return new Map()
  const n = (count: number, one: string, many = `${one}s`): string =>
    count === 0 ? `no ${one}` : `${count.toLocaleString('en')} ${count === 1 ? one : many}`
  return new Map([
    [
      'ours',
      {
        done: own.domains.length > 0 && seen.networks > 0,
        says: `${n(own.domains.length, 'mail domain')}, ${n(seen.networks, 'network')}`,
      },
    ],
    ['provider', { done: seen.providers > 0, says: n(seen.providers, 'provider') }],
    [
      'door',
      {
        done: seen.messages > 0,
        says:
          seen.last_at === null
            ? `${n(own.doors, 'door')} open, no message came yet`
            : `the last message came ${iso(seen.last_at).slice(0, 16).replace('T', ' ')} UTC`,
      },
    ],
    ['assets', { done: seen.assets > 0, says: n(seen.assets, 'asset') }],
    ['people', { done: seen.people > 0, says: n(seen.people, 'person', 'people') }],
    ['passkey', { done: seen.passkeys > 0, says: seen.passkeys === 0 ? 'you have none' : `you have ${seen.passkeys}` }],
    [
      'second',
      {
        done: seen.users > 1,
        says:
          seen.users > 1
            ? n(seen.users, 'person', 'people')
            : seen.invited > 0
              ? 'invited, not here yet'
              : 'you are alone',
      },
    ],
    ['decide', { done: seen.decided > 0, says: n(seen.decided, 'decision') }],
  ])
}

/** The way of a message, station by station, as the record has it. */
export async function traceOf(db: Db, messageId: string): Promise<TestTrace | null> {
  const { rows } = await sql<{
    received_at: Date
    state: string
    state_reason: string
    kind: string | null
    reader: string | null
    alert_id: string | null
    number: number | null
    read_at: Date | null
    opened_at: Date | null
    run_at: Date | null
    playbook: string | null
    findings: number
    first_finding: Date | null
    filled_at: Date | null
    sentence: string | null
  }>`
    select m.received_at, m.state, m.state_reason, m.kind, m.reading ->> 'reader' as reader, m.alert_id, a.number, a.filled_at,
      (select min(at) from ledger_entry where subject = 'message:' || m.id and kind like 'message.%' and kind <> 'message.received') as read_at,
      (select min(at) from ledger_entry where subject = 'alert:' || m.alert_id and kind = 'alert.opened') as opened_at,
      r.started_at as run_at, r.playbook_id as playbook,
      (select count(*)::int from finding f where f.alert_id = m.alert_id) as findings,
      (select min(f.asked_at) from finding f where f.alert_id = m.alert_id) as first_finding,
      a.judgement ->> 'sentence' as sentence
    from message m left join alert a on a.id = m.alert_id
    left join lateral (select started_at, playbook_id from run where alert_id = m.alert_id order by started_at limit 1) r on true
    where m.id = ${messageId} and m.sample`.execute(db)
  const [row] = rows
  if (row === undefined) return null
  return {
    alertId: row.alert_id,
    stations: [
      {
        title: 'Kept, byte by byte, and on the ledger',
        at: iso(row.received_at),
        says: `message ${messageId.slice(0, 12)}…`,
      },
      {
        title: row.state === 'quarantined' ? 'Held back in quarantine' : 'Sender accepted, mail read',
        at: isoOrNull(row.read_at),
        says:
          row.state === 'quarantined'
            ? row.state_reason
            : `${row.kind ?? 'not yet'}${row.reader === null ? '' : `, by the reader "${row.reader}"`}`,
      },
      { title: 'Alert opened', at: isoOrNull(row.opened_at), says: row.number === null ? '' : `A-${row.number}` },
      { title: 'Playbook started', at: isoOrNull(row.run_at), says: row.playbook ?? '' },
      { title: 'First source answered', at: isoOrNull(row.first_finding), says: `${row.findings} answers so far` },
      { title: 'Evidence ladder full, ready for a person', at: isoOrNull(row.filled_at), says: row.sentence ?? '' },
    ],
  }
}
