import { sql } from 'kysely'
import { Level, type QuestionName, Rung } from '../model/question.ts'
import type { Db } from './open.ts'

/** Alerts that are looked at, the newest of the window: a month of a busy house. More are said to be there. */
const alertsMax = 20_000

export type RungCount = {
  readonly rung: Rung
  readonly criticality: Level | null
  readonly assets: number
  readonly answered: number
  readonly failed: number
}

/**
 * Of the assets that alerts since then named: for how many each rung was answered by a source of ours, at the newest alert of each.
 * `fills`: the questions that fill a rung. Sample data is left out; a provider's own words do not count, they are not ours to rely on.
 */
export async function rungCounts(
  db: Db,
  since: Date,
  fills: readonly { readonly question: QuestionName; readonly rung: Rung }[],
): Promise<{ alerts: number; more: boolean; unplaced: number; counts: RungCount[] }> {
  const recent = sql`
    recent as materialized (
      select id, received_at from alert where received_at >= ${since} and not sample order by received_at desc limit ${alertsMax + 1}
    ),
    placed as materialized (
      select f.alert_id, r.received_at, lower(f.answer->>'name') as asset, max(array_position(${Level.options}::text[], f.answer->>'criticality')) as level
      from recent r join finding f on f.alert_id = r.id
      where f.kind = 'found' and f.question in ('asset-of-host', 'asset-of-address') and f.answer->>'name' is not null
      group by f.alert_id, r.received_at, lower(f.answer->>'name')
    )`
  const [counted, heads] = await Promise.all([
    sql<{ rung: string; level: number | null; assets: string; answered: string; failed: string }>`
      with ${recent},
      newest as (select distinct on (asset) asset, alert_id, level from placed order by asset, received_at desc, alert_id),
      fills as (select * from unnest(${fills.map(({ question }) => question)}::text[], ${fills.map(({ rung }) => rung)}::text[]) as f (question, rung)),
      told as (
        select n.asset, n.level, f.rung, bool_or(g.kind in ('found', 'nothing')) as answered, bool_or(g.kind = 'failed') as failed
        from newest n cross join (select distinct rung from fills) f
        left join finding g on g.alert_id = n.alert_id and g.question in (select question from fills where fills.rung = f.rung)
        group by n.asset, n.level, f.rung
      )
      select rung, level, count(*) as assets, count(*) filter (where answered) as answered,
        count(*) filter (where failed and answered is not true) as failed
      from told group by rung, level`.execute(db),
    sql<{ alerts: string; placed: string }>`
      with ${recent} select (select count(*) from recent) as alerts, (select count(distinct alert_id) from placed) as placed`.execute(
      db,
    ),
  ])
  const [head] = heads.rows
  const alerts = Number(head?.alerts ?? 0)
  return {
    alerts: Math.min(alerts, alertsMax),
    more: alerts > alertsMax,
    unplaced: alerts - Number(head?.placed ?? 0),
    counts: counted.rows.map(({ rung, level, assets, answered, failed }) => ({
      rung: Rung.parse(rung),
      criticality: level === null ? null : (Level.options[level - 1] ?? null),
      assets: Number(assets),
      answered: Number(answered),
      failed: Number(failed),
    })),
  }
}
