import { sql } from 'kysely'
import { Asset, Person } from '../model/context.ts'
import type { Db } from './open.ts'

/** Twice the largest organisation one desk answers for; an index over them takes about 100 MB. */
export const namesMax = 200_000

/** Changes whenever one of the lists does: an index built for the same mark is still good. */
export async function privateNamesMark(db: Db): Promise<string> {
  const { rows } = await sql<{ mark: string }>`
    select concat_ws(' ',
      (select concat(count(*), '/', max(as_of), '/', max(xmin::text::bigint)) from person),
      (select concat(count(*), '/', max(as_of), '/', max(xmin::text::bigint)) from asset)) as mark`.execute(db)
  return rows[0]?.mark ?? ''
}

/** Everybody and everything whose name may not leave unseen. */
export async function privateNames(db: Db): Promise<{ people: Person[]; assets: Asset[] }> {
  const people = await db.selectFrom('person').select('facts').limit(namesMax).execute()
  const assets = await db.selectFrom('asset').select('facts').limit(namesMax).execute()
  return { people: people.map((row) => Person.parse(row.facts)), assets: assets.map((row) => Asset.parse(row.facts)) }
}

/** Our own address ranges as CIDR. */
export async function ownRanges(db: Db): Promise<string[]> {
  const rows = await db.selectFrom('network').select('cidr').limit(namesMax).execute()
  return rows.map((row) => row.cidr)
}
