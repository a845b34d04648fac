import { sql } from 'kysely'
import type { Clock } from '../kit/clock.ts'
import { append } from '../ledger/append.ts'
import type { CveFacts, EpssScore, Feed, KevEntry, VexDocument } from '../model/vulnerability.ts'
import { isoOrNull, plainText } from './jsonb.ts'
import { type Db, transaction } from './open.ts'

/** Rows in one statement. */
const batchRows = 5_000

/** What came in, for the feed's card: how old it is, and of which model. */
export type FeedNews = {
  readonly feed: Feed
  readonly version: string | null
  readonly model: string | null
  readonly releasedAt: string | null
  readonly rows: number
}

export type FeedState = FeedNews & { readonly importedAt: string; readonly importedBy: string }

/** Each source of knowledge that was imported, with its age. */
export async function feedStates(db: Db): Promise<FeedState[]> {
  const rows = await db.selectFrom('vulnerability_feed').selectAll().orderBy('feed').execute()
  return rows.map((row) => ({
    feed: row.feed as Feed,
    version: row.version,
    model: row.model,
    releasedAt: isoOrNull(row.released_at),
    rows: row.rows,
    importedAt: row.imported_at.toISOString(),
    importedBy: row.imported_by,
  }))
}

/** The catalogue replaces the one before: a CVE that is not in it any more is not known to be exploited any more. */
export async function putKev(
  db: Db,
  catalogue: { readonly version: string; readonly releasedAt: string; readonly entries: readonly KevEntry[] },
  by: string,
  clock: Clock,
): Promise<FeedNews> {
  const { entries, version, releasedAt } = catalogue
  return transaction(db, async (tx) => {
    await sql`
      update cve set kev_added = null, kev_name = null, kev_action = null, kev_ransomware = null
      where kev_added is not null and id <> all(${entries.map(({ cve }) => cve)}::text[])`.execute(tx)
    await sql`
      insert into cve as c (id, kev_added, kev_name, kev_action, kev_ransomware)
      select distinct on (cve) * from unnest(
        ${entries.map(({ cve }) => cve)}::text[], ${entries.map(({ added }) => added)}::date[],
        ${entries.map(({ name }) => plainText(name))}::text[], ${entries.map(({ action }) => plainText(action))}::text[],
        ${entries.map(({ ransomware }) => ransomware)}::boolean[]
      ) as r (cve, added, name, action, ransomware) order by cve
      on conflict (id) do update set kev_added = excluded.kev_added, kev_name = excluded.kev_name, kev_action = excluded.kev_action,
        kev_ransomware = excluded.kev_ransomware`.execute(tx)
    return record(tx, { feed: 'kev', version, model: null, releasedAt, rows: entries.length }, by, clock)
  })
}

/** The scores of one day replace those of the day before. */
export async function putEpss(
  db: Db,
  read: { readonly model: string; readonly scoredAt: string; readonly scores: AsyncIterable<readonly EpssScore[]> },
  by: string,
  clock: Clock,
): Promise<FeedNews> {
  return transaction(db, async (tx) => {
    await sql`create temporary table epss_new (id text, epss real, percentile real) on commit drop`.execute(tx)
    let rows = 0
    for await (const scores of read.scores) {
      rows += scores.length
      await sql`
        insert into epss_new select * from unnest(
          ${scores.map(({ cve }) => cve)}::text[], ${scores.map(({ epss }) => epss)}::real[],
          ${scores.map(({ percentile }) => percentile)}::real[])`.execute(tx)
    }
    await sql`
      insert into cve as c (id, epss, epss_percentile) select distinct on (id) id, epss, percentile from epss_new order by id
      on conflict (id) do update set epss = excluded.epss, epss_percentile = excluded.epss_percentile
      where c.epss is distinct from excluded.epss or c.epss_percentile is distinct from excluded.epss_percentile`.execute(
      tx,
    )
    await sql`
      update cve set epss = null, epss_percentile = null
      where epss is not null and not exists (select from epss_new where epss_new.id = cve.id)`.execute(tx)
    return record(tx, { feed: 'epss', version: null, model: read.model, releasedAt: read.scoredAt, rows }, by, clock)
  })
}

/** Records add to what is known: each import may be a part of them. */
export async function putCveFacts(db: Db, facts: AsyncIterable<CveFacts>, by: string, clock: Clock): Promise<FeedNews> {
  return transaction(db, async (tx) => {
    let rows = 0
    let newest: string | null = null
    let batch: CveFacts[] = []
    const flush = async (): Promise<void> => {
      await upsertFacts(tx, [...new Map(batch.map((one) => [one.cve, one])).values()])
      rows += batch.length
      batch = []
    }
    for await (const one of facts) {
      batch.push(one)
      if (one.assessedAt !== null && (newest === null || one.assessedAt > newest)) newest = one.assessedAt
      if (batch.length >= batchRows) await flush()
    }
    if (batch.length > 0) await flush()
    return record(tx, { feed: 'vulnrichment', version: null, model: null, releasedAt: newest, rows }, by, clock)
  })
}

async function upsertFacts(tx: Db, facts: readonly CveFacts[]): Promise<void> {
  const texts = (pick: (one: CveFacts) => string | null) =>
    facts.map((one) => (pick(one) === null ? null : plainText(pick(one) ?? '')))
  await sql`
    insert into cve as c (id, title, published_at, cvss_v2, cvss_v3, cvss_v4, score, score_version,
      ssvc_exploitation, ssvc_automatable, ssvc_impact, ssvc_at)
    select * from unnest(
      ${texts(({ cve }) => cve)}::text[], ${texts(({ title }) => title)}::text[], ${texts(({ publishedAt }) => publishedAt)}::timestamptz[],
      ${texts(({ cvss }) => cvss.v2)}::text[], ${texts(({ cvss }) => cvss.v3)}::text[], ${texts(({ cvss }) => cvss.v4)}::text[],
      ${facts.map(({ cvss }) => cvss.score)}::real[], ${texts(({ cvss }) => cvss.version)}::text[],
      ${texts(({ exploitation }) => exploitation)}::text[], ${texts(({ automatable }) => automatable)}::text[],
      ${texts(({ impact }) => impact)}::text[], ${texts(({ assessedAt }) => assessedAt)}::timestamptz[])
    on conflict (id) do update set
      title = coalesce(excluded.title, c.title), published_at = coalesce(excluded.published_at, c.published_at),
      cvss_v2 = excluded.cvss_v2, cvss_v3 = excluded.cvss_v3, cvss_v4 = excluded.cvss_v4, score = excluded.score,
      score_version = excluded.score_version,
      -- An older record that comes late does not undo what was assessed since.
      ssvc_exploitation = case when excluded.ssvc_at >= coalesce(c.ssvc_at, excluded.ssvc_at) then excluded.ssvc_exploitation else c.ssvc_exploitation end,
      ssvc_automatable = case when excluded.ssvc_at >= coalesce(c.ssvc_at, excluded.ssvc_at) then excluded.ssvc_automatable else c.ssvc_automatable end,
      ssvc_impact = case when excluded.ssvc_at >= coalesce(c.ssvc_at, excluded.ssvc_at) then excluded.ssvc_impact else c.ssvc_impact end,
      ssvc_at = greatest(c.ssvc_at, excluded.ssvc_at)`.execute(tx)
}

/** A document replaces its own earlier version; an older one that comes late changes nothing. Gives the number of statements that now count. */
export async function putVex(db: Db, document: VexDocument, by: string, clock: Clock): Promise<FeedNews> {
  return transaction(db, async (tx) => {
    const { id, publisher, publisherCategory, status: state, releasedAt, statements, version, title } = document
    const newer = await tx
      .selectFrom('vex_statement')
      .select('id')
      .where('publisher', '=', publisher)
      .where('document', '=', id)
      .where('released_at', '>', new Date(releasedAt))
      .limit(1)
      .executeTakeFirst()
    const rows = newer === undefined ? statements.length : 0
    if (newer === undefined) {
      await tx.deleteFrom('vex_statement').where('publisher', '=', publisher).where('document', '=', id).execute()
      for (let from = 0; from < statements.length; from += batchRows) {
        const some = statements.slice(from, from + batchRows)
        const texts = (pick: (one: (typeof some)[number]) => string | null) =>
          some.map((one) => (pick(one) === null ? null : plainText(pick(one) ?? '')))
        await sql`
          insert into vex_statement (document, publisher, publisher_category, document_status, document_title, document_version, released_at, cve, product, cpe, purl, status, justification, detail)
          select ${plainText(id)}, ${plainText(publisher)}, ${publisherCategory}, ${state}, ${plainText(title)}, ${plainText(version)}, ${releasedAt}::timestamptz, r.* from unnest(
            ${texts(({ cve }) => cve)}::text[], ${texts(({ product }) => product)}::text[], ${texts(({ cpe }) => cpe)}::text[],
            ${texts(({ purl }) => purl)}::text[], ${texts(({ status }) => status)}::text[], ${texts(({ justification }) => justification)}::text[],
            ${texts(({ detail }) => detail)}::text[]) as r`.execute(tx)
      }
    }
    return record(tx, { feed: 'csaf', version: `${id} ${version}`, model: null, releasedAt, rows }, by, clock)
  })
}

async function record(tx: Db, news: FeedNews, by: string, clock: Clock): Promise<FeedNews> {
  const { feed, version, model, releasedAt, rows } = news
  const values = { version, model, released_at: releasedAt, rows, imported_by: by, imported_at: clock.now() }
  await tx
    .insertInto('vulnerability_feed')
    .values({ feed, ...values })
    .onConflict((on) => on.column('feed').doUpdateSet(values))
    .execute()
  await append(tx, { kind: 'import.done', actor: by, subject: `feed:${feed}`, body: { ...news } }, clock)
  return news
}
