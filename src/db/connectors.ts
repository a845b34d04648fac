import { sql } from 'kysely'
import { z } from 'zod'
import type { Envelope } from '../kit/seal.ts'
import { QuestionName } from '../model/question.ts'
import { iso, jsonb } from './jsonb.ts'
import type { Db } from './open.ts'

/** A connector that was set up on the page. Its secrets are sealed. */
export type StoredConnector = {
  readonly id: string
  readonly kind: string
  readonly title: string
  readonly settings: Readonly<Record<string, unknown>>
  readonly answers: readonly QuestionName[]
  readonly enabled: boolean
  readonly version: number
  readonly changedBy: string
  readonly changedAt: string
  readonly secrets: ReadonlyMap<string, Envelope>
}

/** The most that are set up on the page: a house has a dozen. */
export const connectorsMax = 200

const Settings = z.record(z.string(), z.unknown())
/** Questions change with versions: one that is not known any more is not answered any more. */
const Answers = z.array(z.string()).transform((names) =>
  names.flatMap((name) => {
    const known = QuestionName.safeParse(name)
    return known.success ? [known.data] : []
  }),
)

export async function storedConnectors(db: Db): Promise<StoredConnector[]> {
  const [rows, secrets] = await Promise.all([
    db.selectFrom('connector').selectAll().orderBy('id').limit(connectorsMax).execute(),
    db.selectFrom('connector_secret').selectAll().execute(),
  ])
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    title: row.title,
    settings: Settings.parse(row.settings),
    answers: Answers.parse(row.answers),
    enabled: row.enabled,
    version: row.version,
    changedBy: row.changed_by,
    changedAt: iso(row.changed_at),
    secrets: new Map(
      secrets
        .filter((secret) => secret.connector === row.id)
        .map((secret) => [secret.field, { keyId: secret.key_id, wrapped: secret.wrapped, sealed: secret.sealed }]),
    ),
  }))
}

export async function storedConnector(db: Db, id: string): Promise<StoredConnector | null> {
  return (await storedConnectors(db)).find((one) => one.id === id) ?? null
}

/** Adds (version 0) or changes one; null when somebody else changed it meanwhile. Secrets that are not named stay as they are. */
export async function saveConnector(
  tx: Db,
  connector: Omit<StoredConnector, 'changedAt' | 'secrets'> & {
    readonly secrets: ReadonlyMap<string, Envelope | null>
  },
  now: Date,
): Promise<number | null> {
  const { id, kind, title, settings, answers, enabled, version, changedBy, secrets } = connector
  const values = {
    kind,
    title,
    settings: jsonb(settings),
    answers: [...answers],
    enabled,
    changed_by: changedBy,
    changed_at: now,
  }
  const saved =
    version === 0
      ? await tx
          .insertInto('connector')
          .values({ id, ...values })
          .onConflict((on) => on.doNothing())
          .returning('version')
          .executeTakeFirst()
      : await tx
          .updateTable('connector')
          .set({ ...values, version: version + 1 })
          .where('id', '=', id)
          .where('version', '=', version)
          .returning('version')
          .executeTakeFirst()
  if (saved === undefined) return null
  for (const [field, envelope] of secrets) await saveSecret(tx, id, field, envelope, now)
  return saved.version
}

async function saveSecret(
  tx: Db,
  connector: string,
  field: string,
  envelope: Envelope | null,
  now: Date,
): Promise<void> {
  if (envelope === null) {
    await tx.deleteFrom('connector_secret').where('connector', '=', connector).where('field', '=', field).execute()
    return
  }
  const values = {
    key_id: envelope.keyId,
    wrapped: Buffer.from(envelope.wrapped),
    sealed: Buffer.from(envelope.sealed),
    changed_at: now,
  }
  await tx
    .insertInto('connector_secret')
    .values({ connector, field, ...values })
    .onConflict((on) => on.columns(['connector', 'field']).doUpdateSet(values))
    .execute()
}

/** True when there was one. What was counted of it goes as well: another of its name begins anew. */
export async function removeConnector(tx: Db, id: string): Promise<boolean> {
  const gone = await tx.deleteFrom('connector').where('id', '=', id).executeTakeFirst()
  await tx.deleteFrom('connector_state').where('connector', '=', id).execute()
  await tx.deleteFrom('connector_day').where('connector', '=', id).execute()
  return gone.numDeletedRows > 0n
}

/** Makes the saving of connectors one after the other, so that two of one name cannot come from two nodes at once. */
export async function lockConnectors(tx: Db): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('counterfoil connectors'))`.execute(tx)
}
