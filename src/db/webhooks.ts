import { sql } from 'kysely'
import { Provider } from '../model/provider.ts'
import { WebhookRefusal, WebhookScheme } from '../model/webhook.ts'
import { isoOrNull, jsonb } from './jsonb.ts'
import type { Db } from './open.ts'

/** While a secret is changed the one before stays valid; of more than these the oldest go. */
const secretsMax = 3
/** Refusals are shown for a week back: what is older tells nobody why a post of today fails. */
const refusalDays = 7

/** How a provider signs its posts, and its secrets that are valid now, sealed. Null where it has no such door. */
export async function webhookOf(
  db: Db,
  providerId: string,
  now: Date,
): Promise<{ readonly provider: Provider; readonly scheme: WebhookScheme; readonly sealed: readonly Buffer[] } | null> {
  const row = await db
    .selectFrom('webhook')
    .innerJoin('provider', 'provider.id', 'webhook.provider_id')
    .select(['provider.config', 'webhook.scheme'])
    .where('provider_id', '=', providerId)
    .executeTakeFirst()
  if (row === undefined) return null
  const secrets = await db
    .selectFrom('webhook_secret')
    .select('sealed')
    .where('provider_id', '=', providerId)
    .where((eb) => eb.or([eb('ends_at', 'is', null), eb('ends_at', '>', now)]))
    .orderBy('made_at', 'desc')
    .limit(secretsMax)
    .execute()
  return {
    provider: Provider.parse(row.config),
    scheme: WebhookScheme.parse(row.scheme),
    sealed: secrets.map(({ sealed }) => sealed),
  }
}

/** Adds (version 0) or changes how posts are signed. Another kind of signature takes its secrets with it. The new version; null when somebody was faster. */
export async function saveWebhook(
  db: Db,
  providerId: string,
  scheme: WebhookScheme,
  version: number,
  now: Date,
): Promise<number | null> {
  if (version === 0) {
    const made = await db
      .insertInto('webhook')
      .values({ provider_id: providerId, scheme: jsonb(scheme), changed_at: now })
      .onConflict((on) => on.column('provider_id').doNothing())
      .returning('version')
      .executeTakeFirst()
    return made?.version ?? null
  }
  const before = await db
    .selectFrom('webhook')
    .select('scheme')
    .where('provider_id', '=', providerId)
    .where('version', '=', version)
    .forUpdate()
    .executeTakeFirst()
  if (before === undefined) return null
  if (WebhookScheme.parse(before.scheme).kind !== scheme.kind)
    await db.deleteFrom('webhook_secret').where('provider_id', '=', providerId).execute()
  const changed = await db
    .updateTable('webhook')
    .set({ scheme: jsonb(scheme), version: version + 1, changed_at: now })
    .where('provider_id', '=', providerId)
    .returning('version')
    .executeTakeFirstOrThrow()
  return changed.version
}

/** Shuts the door and forgets its secrets. False when there was none. */
export async function removeWebhook(db: Db, providerId: string): Promise<boolean> {
  const done = await db.deleteFrom('webhook').where('provider_id', '=', providerId).executeTakeFirst()
  return done.numDeletedRows > 0n
}

/** A new secret; those before it end at `othersUntil`. */
export async function addWebhookSecret(
  db: Db,
  secret: { readonly id: string; readonly providerId: string; readonly sealed: Buffer },
  now: Date,
  othersUntil: Date,
): Promise<void> {
  const { id, providerId, sealed } = secret
  await db
    .updateTable('webhook_secret')
    .set({ ends_at: othersUntil })
    .where('provider_id', '=', providerId)
    .where((eb) => eb.or([eb('ends_at', 'is', null), eb('ends_at', '>', othersUntil)]))
    .execute()
  await db.insertInto('webhook_secret').values({ id, provider_id: providerId, sealed, made_at: now }).execute()
  const kept = await db
    .selectFrom('webhook_secret')
    .select('id')
    .where('provider_id', '=', providerId)
    .where((eb) => eb.or([eb('ends_at', 'is', null), eb('ends_at', '>', now)]))
    .orderBy('made_at', 'desc')
    .limit(secretsMax)
    .execute()
  await db
    .deleteFrom('webhook_secret')
    .where('provider_id', '=', providerId)
    .where('id', 'not in', [id, ...kept.map((one) => one.id)])
    .execute()
}

/** Counts a post that was refused. Nothing of the post is kept. */
export async function countRefusal(
  db: Db,
  refusal: { readonly providerId: string; readonly reason: WebhookRefusal; readonly sourceAddress: string },
  now: Date,
): Promise<void> {
  const last = { last_at: now, last_address: refusal.sourceAddress.slice(0, 100) }
  await db
    .insertInto('webhook_refusal')
    .values({
      provider_id: refusal.providerId,
      day: now.toISOString().slice(0, 10),
      reason: refusal.reason,
      count: 1,
      ...last,
    })
    .onConflict((on) =>
      on
        .columns(['provider_id', 'day', 'reason'])
        .doUpdateSet({ ...last, count: sql<string>`webhook_refusal.count + 1` }),
    )
    .execute()
}

export type WebhookListed = {
  readonly providerId: string
  readonly scheme: WebhookScheme
  readonly version: number
  readonly secrets: readonly { readonly madeAt: string; readonly endsAt: string | null }[]
  readonly refusals: readonly {
    readonly reason: WebhookRefusal
    readonly count: number
    readonly lastAt: string
    readonly lastAddress: string
  }[]
}

/** Every such door with its valid secrets (not what they are) and what was refused in the last week. */
export async function listWebhooks(db: Db, now: Date): Promise<WebhookListed[]> {
  const since = new Date(now.getTime() - refusalDays * 86_400_000).toISOString().slice(0, 10)
  const [rows, secrets, refusals] = await Promise.all([
    db.selectFrom('webhook').select(['provider_id', 'scheme', 'version']).orderBy('provider_id').execute(),
    db
      .selectFrom('webhook_secret')
      .select(['provider_id', 'made_at', 'ends_at'])
      .where((eb) => eb.or([eb('ends_at', 'is', null), eb('ends_at', '>', now)]))
      .orderBy('made_at', 'desc')
      .execute(),
    db
      .selectFrom('webhook_refusal')
      .select(['provider_id', 'reason'])
      .select((eb) => [
        eb.fn.sum<string>('count').as('count'),
        eb.fn.max('last_at').as('last_at'),
        sql<string>`(array_agg(last_address order by last_at desc))[1]`.as('last_address'),
      ])
      .where(sql<boolean>`day >= ${since}::date`)
      .groupBy(['provider_id', 'reason'])
      .execute(),
  ])
  return rows.map((row) => ({
    providerId: row.provider_id,
    scheme: WebhookScheme.parse(row.scheme),
    version: row.version,
    secrets: secrets
      .filter((one) => one.provider_id === row.provider_id)
      .map((one) => ({ madeAt: one.made_at.toISOString(), endsAt: isoOrNull(one.ends_at) })),
    refusals: refusals
      .filter((one) => one.provider_id === row.provider_id)
      .map((one) => ({
        reason: WebhookRefusal.parse(one.reason),
        count: Number(one.count),
        lastAt: one.last_at.toISOString(),
        lastAddress: one.last_address,
      })),
  }))
}
