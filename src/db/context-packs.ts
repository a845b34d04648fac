import { sql } from 'kysely'
import { z } from 'zod'
import type { Asset } from '../model/context.ts'
import { PackDefinition } from '../model/context-pack.ts'
import { VulnerabilitySeverity } from '../model/vulnerability.ts'
import { mergedOf } from './entities.ts'
import { iso, isoOrNull, jsonb } from './jsonb.ts'
import type { Db } from './open.ts'

/** Nobody has more packs than providers; this bounds a page. */
export const packsMax = 100
const severityNames = VulnerabilitySeverity.options
/** Entities that are merged at once. */
const pieceRows = 500

export type PackCounts = { readonly assets: number; readonly vulnerabilities: number; readonly changes: number }
const Counts = z.object({ assets: z.int(), vulnerabilities: z.int(), changes: z.int() })
const Digests = z.record(z.string(), z.string())

export type PackVersion = {
  readonly version: number
  readonly files: Readonly<Record<string, string>>
  readonly signature: string
  readonly counts: PackCounts
  readonly releasedBy: string
  readonly releasedAt: string
}

export type PackRecord = {
  readonly definition: PackDefinition
  readonly version: number
  readonly draft: { readonly json: Buffer; readonly digest: string; readonly by: string; readonly at: string } | null
  /** Newest first. */
  readonly released: readonly PackVersion[]
}

/** The files of a version, by name. */
export const packFileNames = ['pack.json', 'assets.csv', 'vulnerabilities.csv', 'changes.csv', 'signature.txt'] as const
export const PackFileName = z.enum(packFileNames)
export type PackFileName = z.infer<typeof PackFileName>
export type PackFiles = Readonly<Record<Exclude<PackFileName, 'signature.txt'>, Buffer>>

/** All packs, by id. */
export async function listPacks(db: Db): Promise<PackRecord[]> {
  const rows = await db.selectFrom('context_pack').select('id').orderBy('id').limit(packsMax).execute()
  const packs = await Promise.all(rows.map(({ id }) => packById(db, id)))
  return packs.filter((pack) => pack !== null)
}

/** Null when there is none. `lock` holds it until the transaction ends. */
export async function packById(
  db: Db,
  id: string,
  options: { readonly lock?: boolean } = {},
): Promise<PackRecord | null> {
  const query = db.selectFrom('context_pack').selectAll().where('id', '=', id)
  const row = await (options.lock === true ? query.forUpdate() : query).executeTakeFirst()
  if (row === undefined) return null
  const released = await db
    .selectFrom('context_pack_version')
    .select(['version', 'files', 'signature', 'counts', 'released_by', 'released_at'])
    .where('pack_id', '=', id)
    .orderBy('version', 'desc')
    .execute()
  const draftAt = isoOrNull(row.draft_at)
  return {
    definition: PackDefinition.parse(row.definition),
    version: row.version,
    draft:
      row.draft === null || row.draft_digest === null || row.draft_by === null || draftAt === null
        ? null
        : { json: row.draft, digest: row.draft_digest, by: row.draft_by, at: draftAt },
    released: released.map((one) => ({
      version: one.version,
      files: Digests.parse(one.files),
      signature: one.signature,
      counts: Counts.parse(one.counts),
      releasedBy: one.released_by,
      releasedAt: iso(one.released_at),
    })),
  }
}

/** Adds (version 0) or changes (the version last seen), and takes its draft back. The new version; null when somebody was faster. */
export async function savePack(
  tx: Db,
  definition: PackDefinition,
  version: number,
  by: string,
  now: Date,
): Promise<number | null> {
  const values = { definition: jsonb(definition), changed_by: by, changed_at: now }
  if (version === 0) {
    const added = await tx
      .insertInto('context_pack')
      .values({ id: definition.id, ...values })
      .onConflict((on) => on.column('id').doNothing())
      .returning('version')
      .executeTakeFirst()
    return added?.version ?? null
  }
  const none = { draft: null, draft_digest: null, draft_by: null, draft_at: null }
  const changed = await tx
    .updateTable('context_pack')
    .set((eb) => ({ ...values, ...none, version: eb('version', '+', 1) }))
    .where('id', '=', definition.id)
    .where('version', '=', version)
    .returning('version')
    .executeTakeFirst()
  return changed?.version ?? null
}

export async function savePackDraft(
  tx: Db,
  id: string,
  draft: { readonly json: Buffer; readonly digest: string; readonly by: string },
  now: Date,
): Promise<void> {
  await tx
    .updateTable('context_pack')
    .set({ draft: draft.json, draft_digest: draft.digest, draft_by: draft.by, draft_at: now })
    .where('id', '=', id)
    .execute()
}

/** Makes a version of what was a draft. */
export async function insertPackVersion(
  tx: Db,
  id: string,
  version: Omit<PackVersion, 'releasedAt'> & { readonly bytes: PackFiles },
  now: Date,
): Promise<void> {
  await tx
    .insertInto('context_pack_version')
    .values({
      ...{ pack_id: id, version: version.version, files: jsonb(version.files), signature: version.signature },
      ...{ pack_json: version.bytes['pack.json'], assets_csv: version.bytes['assets.csv'] },
      ...{ vulnerabilities_csv: version.bytes['vulnerabilities.csv'], changes_csv: version.bytes['changes.csv'] },
      ...{ counts: jsonb(version.counts), released_by: version.releasedBy, released_at: now },
    })
    .execute()
  const none = { draft: null, draft_digest: null, draft_by: null, draft_at: null }
  await tx.updateTable('context_pack').set(none).where('id', '=', id).execute()
}

/** One file of a released version; null when there is none. */
export async function packFile(db: Db, id: string, version: number, name: PackFileName): Promise<Buffer | null> {
  const row = await db
    .selectFrom('context_pack_version')
    .select(['pack_json', 'assets_csv', 'vulnerabilities_csv', 'changes_csv', 'signature'])
    .where('pack_id', '=', id)
    .where('version', '=', version)
    .executeTakeFirst()
  if (row === undefined) return null
  switch (name) {
    case 'pack.json':
      return row.pack_json
    case 'assets.csv':
      return row.assets_csv
    case 'vulnerabilities.csv':
      return row.vulnerabilities_csv
    case 'changes.csv':
      return row.changes_csv
    case 'signature.txt':
      return Buffer.from(row.signature)
  }
}

/** An open weakness of a machine, by the name that the asset list has for it. */
export type OpenWeakness = {
  readonly asset: string
  readonly cve: string
  readonly severity: string
  readonly since: string
  readonly due: string | null
  readonly knownExploited: boolean
}

/** What scanners found open on assets that our lists know, but for what we said ourselves does not affect us. At most `most` and one. */
export async function openWeaknesses(
  db: Db,
  options: { readonly knownExploitedOnly: boolean; readonly most: number; readonly now: Date },
): Promise<readonly OpenWeakness[]> {
  const { rows } = await sql<{
    asset: string
    cve: string
    severity: number
    since: Date
    due: string | null
    kev: boolean
  }>`
    select host.asset, named.cve, max(test.severity) as severity, min(finding.first_seen) as since,
      min(counted.due_at)::text as due, bool_or(known.kev_added is not null) as kev
    from scan_finding finding
      join scan_host host on host.id = finding.host_id
      join scan_check test on test.id = finding.check_id
      cross join lateral unnest(test.cves) named (cve)
      left join cve known on known.id = named.cve
      left join scan_open counted on counted.check_id = test.id
    where finding.fixed_at is null and host.asset is not null
      and (not ${options.knownExploitedOnly}::boolean or known.kev_added is not null)
      and not exists (
        select from vulnerability_word word
        where word.cve = named.cve and word.status = 'not-affected' and word.withdrawn_at is null
          and (word.until_at is null or word.until_at > ${options.now}) and (word.host is null or word.host = any(host.names)))
    group by host.asset, named.cve order by host.asset, named.cve limit ${options.most + 1}`.execute(db)
  return rows.map(({ asset, cve, severity, since, due, kev }) => ({
    ...{ asset, cve, due, since: iso(since), knownExploited: kev },
    severity: severityNames[severity] ?? 'info',
  }))
}

/** Every asset as all sources together describe it, in pieces, by name of the entity. */
export async function* everyAsset(db: Db): AsyncGenerator<readonly Asset[]> {
  for (let after = ''; ; ) {
    const { rows } = await sql<{ entity: string }>`
      select distinct entity from asset where entity > ${after} order by entity limit ${pieceRows}`.execute(db)
    const last = rows.at(-1)
    if (last === undefined) return
    const merged = await mergedOf(
      db,
      'assets',
      rows.map(({ entity }) => entity),
    )
    yield merged.map(({ fact }) => fact)
    after = last.entity
  }
}
