import { sql } from 'kysely'
import { z } from 'zod'
import type { RecordWords } from '../contract/record.ts'
import { wordsOfRecord } from '../model/ledger-words.ts'
import { providerNames } from './desk-front.ts'
import { iso } from './jsonb.ts'
import type { Db } from './open.ts'
import { namesOfActors } from './users.ts'

const Leaf = z.looseObject({ body: z.record(z.string(), z.unknown()) })

type Row = {
  readonly at: Date
  readonly kind: string
  readonly actor: string
  readonly subject: string
  readonly leaf: string
}

/** Records in words, in the order given. `here` is the alert whose page they stand on: there it is "this alert". Three statements, however many they are. */
export async function sayRecords(db: Db, rows: readonly Row[], here: string | null = null): Promise<RecordWords[]> {
  const told = rows.map(({ at, kind, actor, subject, leaf }) => ({
    ...{ at: iso(at), kind, actor, subject, body: Leaf.parse(JSON.parse(leaf)).body },
  }))
  const [actors, providers, names] = [
    await namesOfActors(db, told.map(({ actor }) => actor)), // biome-ignore format: one question a line
    new Map((await providerNames(db)).map((one) => [one.id, one.name])),
    await namesOfIds(db, JSON.stringify(told)),
  ]
  if (here !== null) names.set(here, 'this alert')
  const nameOf = (id: string): string | undefined => names.get(id) ?? providers.get(id)
  return told.map((one) => {
    const [noun = ''] = one.subject.split(':')
    const name = one.subject.slice(one.subject.indexOf(':') + 1)
    const [kind, actor = ''] = one.actor.split(':')
    return {
      ...one,
      by:
        (kind === 'system' && 'Counterfoil') ||
        (kind === 'playbook' && `Playbook ${actor}`) ||
        (kind === 'provider' && nameOf(actor)) ||
        actors(one.actor),
      about: nameOf(name) ?? (/[0-9a-f]{8}/.test(name) ? noun : name),
      says: wordsOfRecord(one, nameOf),
    }
  })
}

/** What people call the things whose ids stand in a text. */
async function namesOfIds(db: Db, text: string): Promise<Map<string, string>> {
  const ids = [...new Set(text.match(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g) ?? [])]
  if (ids.length === 0) return new Map()
  const { rows } = await sql<{ id: string; name: string }>`
    with asked as materialized (select unnest(${ids}::uuid[]) as id)
    select id, 'A-' || number as name from alert join asked using (id)
    union all select id, name from app_user join asked using (id)
    union all select r.id, 'the answer to ' || coalesce(p.config ->> 'name', r.provider_id) || ' about A-' || a.number
      from reply r join asked using (id) join alert a on a.id = r.alert_id left join provider p on p.id = r.provider_id
    union all select r.id, 'the run of ' || r.playbook_id || ' for A-' || a.number
      from run r join asked using (id) join alert a on a.id = r.alert_id
    union all select v.id, 'the approval for A-' || a.number from approval v join asked using (id) join alert a on a.id = v.alert_id
    union all select id, 'E-' || number from expectation join asked using (id)
    union all select id, 'the tuning request TR-' || number from tuning_request join asked using (id)`.execute(db)
  return new Map(rows.map((row) => [row.id, row.name]))
}
