import { absencesAt } from '../db/calendar.ts'
import { mergedOf } from '../db/entities.ts'
import type { Db } from '../db/open.ts'

type Somebody = { readonly id: string; readonly email: string; readonly name: string }

/**
 * Somebody's absence: until when (ISO 8601), which entry of the calendar says so ("manual/…" where a person wrote it), and who stands in as the
 * calendar or the people list has it (mail address, account or name).
 */
export type Away = { readonly until: string; readonly entry: string; readonly deputy: string | null }

/**
 * Who of these is away at that moment, by their id. An absence of the calendar names a mail address, an account or a name; accounts are those
 * that the people list knows for the mail address.
 */
export async function awayAmong(db: Db, people: readonly Somebody[], at: Date): Promise<ReadonlyMap<string, Away>> {
  if (people.length === 0) return new Map()
  const listed = await mergedOf(
    db,
    'people',
    people.map(({ email }) => email.toLowerCase()),
  )
  const known = new Map(listed.map(({ fact }) => [fact.email?.toLowerCase() ?? '', fact]))
  const keysOf = ({ email, name }: Somebody): readonly string[] =>
    [email, name, ...(known.get(email.toLowerCase())?.accounts ?? [])].map((key) => key.toLowerCase())
  const absences = await absencesAt(db, people.flatMap(keysOf), at.toISOString())
  const away = new Map<string, Away>()
  for (const person of people) {
    const keys = keysOf(person)
    const own = absences.filter(({ fact }) => keys.includes(fact.person?.toLowerCase() ?? ''))
    const last = own.toSorted((a, b) => b.fact.to.localeCompare(a.fact.to))[0]
    if (last === undefined) continue
    const deputy = last.fact.deputy ?? known.get(person.email.toLowerCase())?.deputy ?? null
    away.set(person.id, { until: last.fact.to, entry: `${last.source}/${last.fact.id}`, deputy })
  }
  return away
}

/** Is that the person whom a calendar or a list calls so? */
export const isCalled = ({ email, name }: Omit<Somebody, 'id'>, called: string | null): boolean =>
  called !== null && [email, name].some((one) => one.toLowerCase() === called.toLowerCase())
