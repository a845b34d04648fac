import { sql } from 'kysely'
import type { Clock } from '../kit/clock.ts'
import { Trouble } from '../kit/errors.ts'
import { append } from '../ledger/append.ts'
import type { Indicator, IntelligenceObject, IntelligenceRead, IntelligenceSource } from '../model/intelligence.ts'
import { jsonb, plainText } from './jsonb.ts'
import { importTurn } from './one-at-a-time.ts'
import { type Db, transaction } from './open.ts'

/** Rows in one statement: 79,000 rows/s were measured from a thousand on, and a batch stays under 2 MB. */
const batchRows = 1_000
/** Entries that could not be taken and are named; the others are counted. */
const skippedNamedMax = 100

export type SourceSettings = Pick<IntelligenceSource, 'id' | 'kind' | 'title' | 'tlp' | 'staleAfterHours'>

export type IntelligenceImport = {
  readonly source: SourceSettings
  readonly reads: AsyncIterable<IntelligenceRead>
  /** The whole of what the source has now: what it no longer names is withdrawn. Otherwise only what changed. */
  readonly isWhole: boolean
  /** How far the source was read with this, kept in the same transaction. Left out: as before. */
  readonly position?: () => unknown
  readonly by: string
  /** Imports by people leave a line in the ledger; a feed's hourly fetch would drown them. */
  readonly inLedger: boolean
  readonly dryRun: boolean
  readonly hostOf: (url: string) => string | null
  readonly onProgress?: (read: number) => void
}

export type IntelligenceTaken = {
  readonly source: string
  readonly indicators: number
  /** Of these, how many were not known from this source before. */
  readonly fresh: number
  readonly withdrawn: number
  readonly gone: number
  readonly objects: number
  readonly links: number
  readonly skipped: number
  readonly skippedSome: readonly { readonly where: string; readonly why: string }[]
  readonly dryRun: boolean
}

class Leave extends Error {
  readonly taken: IntelligenceTaken
  constructor(taken: IntelligenceTaken) {
    super('nothing of this import stays')
    this.taken = taken
  }
}

/**
 * Takes what a reader gives in one transaction, in batches, so that memory does not grow with it. Importing the same again changes
 * nothing but when it was heard last. A list of which not one entry could be read withdraws nothing. Throws what the reader throws.
 */
export async function importIntelligence(db: Db, given: IntelligenceImport, clock: Clock): Promise<IntelligenceTaken> {
  try {
    return await transaction(db, (tx) => importInside(tx, given, clock))
  } catch (error) {
    if (error instanceof Leave) return error.taken
    throw error
  }
}

async function importInside(tx: Db, given: IntelligenceImport, clock: Clock): Promise<IntelligenceTaken> {
  const { source, isWhole, by, dryRun } = given
  const now = clock.now()
  // Two imports of one source at once would withdraw each other's entries.
  await importTurn(tx, `intelligence ${source.id}`)
  await saveSource(tx, source)
  const taking = new Taking(tx, given, now)
  for await (const read of given.reads) await taking.take(read)
  await taking.flush()
  const withdrawn = isWhole && taking.indicators > 0 ? await withdraw(tx, source.id, now) : 0
  const taken: IntelligenceTaken = { ...taking.counts(), withdrawn, dryRun }
  if (dryRun) throw new Leave(taken)
  if (given.position !== undefined) {
    await tx
      .updateTable('intelligence_source')
      .set({ position: jsonb(given.position()) })
      .where('id', '=', source.id)
      .execute()
  }
  if (given.inLedger) {
    const { skippedSome: _named, dryRun: _dry, ...body } = taken
    await append(tx, { kind: 'import.done', actor: by, subject: `intelligence:${source.id}`, body }, clock)
  }
  return taken
}

async function saveSource(tx: Db, source: SourceSettings): Promise<void> {
  const { kind, title, tlp } = source
  const row = { kind, title, tlp, stale_after_hours: source.staleAfterHours }
  const before = await tx
    .selectFrom('intelligence_source')
    .select('kind')
    .where('id', '=', source.id)
    .executeTakeFirst()
  if (before !== undefined && before.kind !== kind) {
    throw new Trouble('state.conflict', {
      source: source.id,
      problem: `a source of the kind ${before.kind} has this name: choose another`,
    })
  }
  await tx
    .insertInto('intelligence_source')
    .values({ id: source.id, ...row })
    .onConflict((oc) => oc.column('id').doUpdateSet(row))
    .execute()
}

/** Gathers what is read and writes it down in batches. */
class Taking {
  readonly #tx: Db
  readonly #given: IntelligenceImport
  readonly #now: Date
  readonly #batch = new Map<string, Indicator>()
  readonly #objects = new Map<string, IntelligenceObject>()
  readonly #links = new Map<string, { readonly ref: string; readonly target: string }>()
  readonly #gone = new Set<string>()
  readonly #skippedSome: { where: string; why: string }[] = []
  #read = 0
  #fresh = 0
  #goneInAll = 0
  #objectsInAll = 0
  #linksInAll = 0
  #skipped = 0
  indicators = 0

  constructor(tx: Db, given: IntelligenceImport, now: Date) {
    this.#tx = tx
    this.#given = given
    this.#now = now
  }

  async take(read: IntelligenceRead): Promise<void> {
    this.#read += 1
    switch (read.kind) {
      case 'indicator':
        this.#put(read.indicator)
        break
      case 'object':
        this.#objects.set(read.object.ref, read.object)
        break
      case 'link':
        this.#links.set(`${read.from}\n${read.to}`, { ref: read.from, target: read.to })
        break
      case 'gone':
        this.#gone.add(read.ref)
        break
      case 'skipped':
        this.#skipped += 1
        if (this.#skippedSome.length < skippedNamedMax) this.#skippedSome.push({ where: read.where, why: read.why })
        return
    }
    if (this.#batch.size + this.#objects.size + this.#links.size + this.#gone.size >= batchRows) await this.flush()
  }

  #put(indicator: Indicator): void {
    const key = [indicator.type, indicator.value, indicator.ref].join('\n')
    const before = this.#batch.get(key)
    if (before === undefined || (before.modified ?? '') <= (indicator.modified ?? '')) this.#batch.set(key, indicator)
  }

  async flush(): Promise<void> {
    const { id } = this.#given.source
    const [batch, objects, links, gone] = [
      [...this.#batch.values()],
      [...this.#objects.values()],
      [...this.#links.values()],
      [...this.#gone],
    ]
    for (const part of [this.#batch, this.#objects, this.#links, this.#gone]) part.clear()
    if (batch.length > 0) {
      const { taken, fresh } = await upsert(this.#tx, this.#given, batch, this.#now)
      this.indicators += taken
      this.#fresh += fresh
    }
    if (objects.length > 0) await saveObjects(this.#tx, id, objects)
    if (links.length > 0) await saveLinks(this.#tx, id, links)
    if (gone.length > 0) this.#goneInAll += await revoke(this.#tx, id, gone)
    this.#objectsInAll += objects.length
    this.#linksInAll += links.length
    this.#given.onProgress?.(this.#read)
  }

  counts() {
    return {
      source: this.#given.source.id,
      indicators: this.indicators,
      fresh: this.#fresh,
      gone: this.#goneInAll,
      objects: this.#objectsInAll,
      links: this.#linksInAll,
      skipped: this.#skipped,
      skippedSome: this.#skippedSome,
    }
  }
}

/** Of an id of the source the latest version stays, whatever order they come in; a version may name other observables than the one before. */
async function upsert(tx: Db, given: IntelligenceImport, batch: readonly Indicator[], now: Date) {
  const source = given.source.id
  const records = batch.map((one) => ({
    ...one,
    host: one.type === 'url' ? given.hostOf(one.value) : null,
    network: one.type === 'cidr' ? one.value : null,
  }))
  const { rows } = await sql<{ fresh: boolean }>`
    insert into indicator (type, value, source, ref, stance, tlp, markings, confidence, first_seen, last_seen, valid_from, valid_until,
      revoked, modified, says, tags, threats, host, network, first_heard_at, last_heard_at)
    select r.type, r.value, ${source}, r.ref, r.stance, r.tlp, r.markings, r.confidence, r."firstSeen", r."lastSeen", r."validFrom",
      r."validUntil", r.revoked, r.modified, r.says, r.tags, r.threats, r.host, r.network, ${now}, ${now}
    from jsonb_to_recordset(${jsonb(records)}::jsonb) as r (type text, value text, ref text, stance text, tlp text, markings text[],
      confidence smallint, "firstSeen" timestamptz, "lastSeen" timestamptz, "validFrom" timestamptz, "validUntil" timestamptz,
      revoked boolean, modified timestamptz, says text, tags text[], threats jsonb, host text, network inet)
    where r.ref = '' or not exists (
      select 1 from indicator later where later.source = ${source} and later.ref = r.ref and later.ref <> '' and later.modified > r.modified)
    on conflict (type, value, source, ref) do update set
      stance = excluded.stance, tlp = excluded.tlp, markings = excluded.markings, confidence = excluded.confidence,
      first_seen = excluded.first_seen, last_seen = excluded.last_seen, valid_from = excluded.valid_from, valid_until = excluded.valid_until,
      revoked = excluded.revoked, withdrawn_at = null, modified = excluded.modified, says = excluded.says, tags = excluded.tags,
      threats = excluded.threats, last_heard_at = excluded.last_heard_at
    returning (xmax = 0) as fresh`.execute(tx)
  const refs = [...new Set(batch.flatMap(({ ref }) => (ref === '' ? [] : [ref])))]
  if (refs.length > 0) {
    await sql`
      delete from indicator old using (
        select ref, max(modified) as modified from indicator where source = ${source} and ref = any(${refs}::text[]) group by ref
      ) latest
      where old.source = ${source} and old.ref = latest.ref and old.ref <> '' and old.modified < latest.modified`.execute(
      tx,
    )
  }
  return { taken: rows.length, fresh: rows.filter((row) => row.fresh).length }
}

async function saveObjects(tx: Db, source: string, objects: readonly IntelligenceObject[]): Promise<void> {
  await tx
    .insertInto('intelligence_object')
    .values(
      objects.map(({ ref, kind, name, tlp }) => ({ source, ref: plainText(ref), kind, name: plainText(name), tlp })),
    )
    .onConflict((oc) =>
      oc.columns(['source', 'ref']).doUpdateSet((eb) => ({
        kind: eb.ref('excluded.kind'),
        name: eb.ref('excluded.name'),
        tlp: eb.ref('excluded.tlp'),
      })),
    )
    .execute()
}

async function saveLinks(
  tx: Db,
  source: string,
  links: readonly { readonly ref: string; readonly target: string }[],
): Promise<void> {
  await tx
    .insertInto('intelligence_link')
    .values(links.map(({ ref, target }) => ({ source, ref: plainText(ref), target: plainText(target) })))
    .onConflict((oc) => oc.doNothing())
    .execute()
}

async function revoke(tx: Db, source: string, refs: readonly string[]): Promise<number> {
  const { numAffectedRows } = await sql`
    update indicator set revoked = true where source = ${source} and ref = any(${refs.map(plainText)}::text[]) and ref <> '' and not revoked`.execute(
    tx,
  )
  return Number(numAffectedRows ?? 0)
}

async function withdraw(tx: Db, source: string, now: Date): Promise<number> {
  const { numAffectedRows } = await sql`
    update indicator set withdrawn_at = ${now} where source = ${source} and last_heard_at < ${now} and withdrawn_at is null`.execute(
    tx,
  )
  return Number(numAffectedRows ?? 0)
}

/** Notes how a fetch or import of a source went. */
export async function noteFetch(
  db: Db,
  source: SourceSettings,
  outcome: { readonly ok: true } | { readonly ok: false; readonly why: string },
  clock: Clock,
): Promise<void> {
  const now = clock.now()
  await saveSource(db, source)
  if (!outcome.ok) {
    await sql`
      update intelligence_source set last_tried_at = ${now}, failing_since = coalesce(failing_since, ${now}), why = ${plainText(outcome.why)}
      where id = ${source.id}`.execute(db)
    return
  }
  await sql`
    update intelligence_source set last_tried_at = ${now}, last_success_at = ${now}, failing_since = null, why = '', indicators = (
      select count(*) from indicator where source = ${source.id} and not revoked and withdrawn_at is null
        and (valid_until is null or valid_until > ${now}))
    where id = ${source.id}`.execute(db)
  // Without statistics a new list is read from end to end.
  await sql`analyze indicator`.execute(db)
}

/** After this nobody asks any more what a source once said; of a list that changes each day the table would otherwise only grow. */
const forgetAfterDays = 180

/** Forgets what no longer holds since long. */
export async function forgetOldIndicators(db: Db, now: Date): Promise<number> {
  const before = new Date(now.getTime() - forgetAfterDays * 86_400_000)
  const { numAffectedRows } = await sql`
    delete from indicator where least(withdrawn_at, valid_until) < ${before} or (revoked and last_heard_at < ${before})`.execute(
    db,
  )
  return Number(numAffectedRows ?? 0)
}
/** How far a source was read; null: it never was. */
export async function positionOf(db: Db, source: string): Promise<unknown> {
  const row = await db.selectFrom('intelligence_source').select('position').where('id', '=', source).executeTakeFirst()
  return row?.position ?? null
}
