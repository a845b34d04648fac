import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { z } from 'zod'
import type { Clock } from '../kit/clock.ts'
import { Trouble } from '../kit/errors.ts'
import { append } from '../ledger/append.ts'
import { Asset, Person } from '../model/context.ts'
import { type Merged, manualSource } from '../model/merged-facts.ts'
import { type Described, type DescribedFact, mergedOf, settleAssets, settlePeople } from './entities.ts'
import { iso, jsonb } from './jsonb.ts'
import { keysOf, namesOf } from './list-keys.ts'
import { editTurnMsMax, importTurn } from './one-at-a-time.ts'
import { type Db, transaction } from './open.ts'

/** Changes of one asset or person that its page shows. */
const historyMax = 200

const shapes: { readonly [N in Described]: Readonly<Record<string, z.ZodType>> } = {
  assets: Asset.shape,
  people: Person.shape,
}
const subjects = { assets: 'asset', people: 'person' } as const
const ledgerKinds = { assets: 'asset.changed', people: 'person.changed' } as const

export type Edit = {
  readonly field: string
  readonly before: unknown
  readonly after: unknown
  readonly givenBack: boolean
  readonly note: string
  readonly by: string
  readonly at: string
}

type Editing<N extends Described> = {
  readonly noun: N
  readonly entity: string
  readonly field: string
  /** The new value; `null` says that it is known to be nothing. Left out: the fact is given back to the sources. */
  readonly value?: unknown
  readonly note: string
  readonly by: string
}

/**
 * A person sets a fact, which from then on beats every source, or gives it back. One transaction with its history and its ledger line.
 * Throws Trouble('not.found') for an entity nobody describes, Trouble('input.invalid') for a value that is not of the field.
 */
export async function editFact<N extends Described>(
  db: Db,
  editing: Editing<N>,
  clock: Clock,
): Promise<Merged<DescribedFact[N]>> {
  return transaction(db, async (tx) => {
    await lock(tx, editing.noun)
    const before = await one(tx, editing.noun, editing.entity)
    const giveBack = !('value' in editing) || editing.value === undefined
    const value = giveBack ? null : checked(editing)
    await keep(tx, editing, giveBack ? { field: editing.field } : { field: editing.field, value }, before, clock)
    const after = await one(tx, editing.noun, editing.entity)
    const was = valueOf(before, editing.field)
    const is = valueOf(after, editing.field)
    const { noun, entity, field, note, by } = editing
    await tx
      .insertInto('context_edit')
      .values({
        ...{ id: randomUUID(), noun, entity, field, note, given_back: giveBack },
        ...{ before: jsonb(was), after: jsonb(is), done_by: by, done_at: clock.now() },
      })
      .execute()
    const body = { field, before: was, after: is, givenBack: giveBack, note }
    await append(tx, { kind: ledgerKinds[noun], actor: by, subject: `${subjects[noun]}:${entity}`, body }, clock)
    return after
  })
}

/** Imports and edits of one kind wait for each other: both say which rows are one entity. */
async function lock(tx: Db, noun: Described): Promise<void> {
  await importTurn(tx, `import ${noun}`, editTurnMsMax)
}

async function one<N extends Described>(tx: Db, noun: N, entity: string): Promise<Merged<DescribedFact[N]>> {
  const [found] = await mergedOf(tx, noun, [entity])
  if (found === undefined) throw new Trouble('not.found')
  return found
}

function valueOf(merged: Merged<unknown>, field: string): unknown {
  return merged.facts.find((fact) => fact.field === field)?.value ?? null
}

function checked({ noun, field, value }: Editing<Described>): unknown {
  const shape = shapes[noun][field]
  if (field === 'id' || shape === undefined)
    throw new Trouble('input.invalid', { fields: { field: 'There is no such fact' } })
  const parsed = shape.safeParse(value)
  if (!parsed.success) {
    throw new Trouble('input.invalid', {
      fields: { value: parsed.error.issues[0]?.message ?? 'This is no such value' },
    })
  }
  if (field === 'name' && String(parsed.data).trim() === '')
    throw new Trouble('input.invalid', { fields: { value: 'It needs a name' } })
  return parsed.data
}

const SetAt = z.record(z.string(), z.string()).nullable()

async function keep<N extends Described>(
  tx: Db,
  { noun, entity }: Editing<N>,
  change: { readonly field: string; readonly value?: unknown },
  before: Merged<DescribedFact[N]>,
  clock: Clock,
): Promise<void> {
  const table = sql.table(subjects[noun])
  const { rows } = await sql<{ id: string; facts: Record<string, unknown>; fields: unknown }>`
    select id, facts, fields from ${table} where entity = ${entity} and source = ${manualSource} limit 1`.execute(tx)
  const was = rows[0]
  const fields: Record<string, string> = { ...SetAt.parse(was?.fields ?? null) }
  const facts: Record<string, unknown> = { ...(was?.facts ?? { id: entity, name: before.fact.name }) }
  if ('value' in change) {
    fields[change.field] = iso(clock.now())
    facts[change.field] = change.value
  } else {
    if (before.sources.every((source) => source === manualSource))
      throw new Trouble('input.invalid', { fields: { field: 'No source says anything else' } })
    delete fields[change.field]
    if (change.field !== 'name') delete facts[change.field]
  }
  if (Object.keys(fields).length === 0) {
    await sql`delete from ${table} where id = ${was?.id ?? ''}`.execute(tx)
    return
  }
  const id = was?.id ?? `${manualSource}/${entity}`
  await writeRow(tx, noun, { id, name: entity, facts, source: manualSource, asOf: clock.now(), entity, fields })
}

type WrittenRow = {
  readonly id: string
  readonly name: string
  readonly facts: object
  readonly source: string
  readonly asOf: Date
  readonly entity: string
  readonly fields: Readonly<Record<string, string>> | null
}

/** Writes one row of a source, in place of the one with its id. */
async function writeRow(tx: Db, noun: Described, row: WrittenRow): Promise<void> {
  const values = {
    ...{ id: row.id, name: row.name, source: row.source, as_of: row.asOf, entity: row.entity },
    ...{ facts: jsonb(row.facts), fields: row.fields === null ? null : jsonb(row.fields) },
  }
  if (noun === 'assets') {
    const asset = Asset.parse(row.facts)
    const keys = { names: namesOf(asset), addresses: asset.addresses }
    const { id: _, ...rest } = { ...values, ...keys }
    await tx
      .insertInto('asset')
      .values({ ...values, ...keys })
      .onConflict((on) => on.column('id').doUpdateSet(rest))
      .execute()
    return
  }
  const keys = { keys: keysOf(Person.parse(row.facts)) }
  const { id: _, ...rest } = { ...values, ...keys }
  await tx
    .insertInto('person')
    .values({ ...values, ...keys })
    .onConflict((on) => on.column('id').doUpdateSet(rest))
    .execute()
}

/**
 * Takes what a source says about one asset or person, in place of what it said before: the way in for whoever knows of single changes.
 * Gives back the merged view. One transaction with its ledger line.
 */
export async function putRow<N extends Described>(
  db: Db,
  row: {
    readonly noun: N
    readonly source: string
    readonly fact: DescribedFact[N]
    readonly asOf: Date
    readonly by: string
  },
  clock: Clock,
): Promise<Merged<DescribedFact[N]>> {
  const { noun, source, fact, asOf, by } = row
  return transaction(db, async (tx) => {
    await lock(tx, noun)
    const id = `${source}/${fact.id}`
    const entity = fact.name.toLowerCase()
    await writeRow(tx, noun, { id, name: fact.name, facts: fact, source, asOf, entity, fields: null })
    if (noun === 'assets') await settleAssets(tx, [entity.split('.')[0] ?? entity])
    else await settlePeople(tx)
    const { rows } = await sql<{ entity: string }>`
      select entity from ${sql.table(subjects[noun])} where id = ${id}`.execute(tx)
    const body = { source, id: fact.id, asOf: iso(asOf) }
    const now = rows[0]?.entity ?? entity
    await append(tx, { kind: ledgerKinds[noun], actor: by, subject: `${subjects[noun]}:${now}`, body }, clock)
    await nameSource(tx, noun, source, by, clock)
    return one(tx, noun, now)
  })
}

/** A source that gives its rows one by one stands in the list of imports once, so that it is known as a source. */
async function nameSource(tx: Db, noun: Described, source: string, by: string, clock: Clock): Promise<void> {
  await sql`
    insert into import_batch (id, noun, source, mapping, rows_in, rows_taken, rows_refused, done_by, done_at)
    select ${randomUUID()}::uuid, ${noun}, ${source}, '{}', 1, 1, '{"rows":0,"cells":[]}', ${by}, ${clock.now()}
    where not exists (select 1 from import_batch where noun = ${noun} and source = ${source})`.execute(tx)
}

/** What people changed of one entity (under any of the names it had), newest first, with the name of whoever did. */
export async function editsOf(db: Db, noun: Described, entities: readonly string[]): Promise<Edit[]> {
  const { rows } = await sql<{
    field: string
    before: unknown
    after: unknown
    given_back: boolean
    note: string
    by: string
    done_at: Date
  }>`
    select field, before, after, given_back, note, done_at,
      coalesce((select name from app_user where 'user:' || app_user.id = done_by), done_by) as by
    from context_edit where noun = ${noun} and entity = any(${[...entities]}::text[]) order by done_at desc, id limit ${historyMax}`.execute(
    db,
  )
  return rows.map(({ field, before, after, given_back, note, by, done_at }) => {
    return { field, before, after, givenBack: given_back, note, by, at: iso(done_at) }
  })
}
