import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { inRanges } from '../../kit/ip-ranges.ts'
import type { CalendarEntry } from '../../model/calendar.ts'
import type { AskContext, Connector, Health } from '../../model/connector.ts'
import type { Asset, Listed } from '../../model/context.ts'
import type { Answered } from '../../model/finding.ts'
import { houseConnectors } from '../../model/house-connectors.ts'
import type { AnswerOf } from '../../model/question.ts'

export type CalendarLookups = {
  /** Everything that was planned for a time, from beginning to end (ISO 8601); absences are not asked for. */
  readonly plannedAt: (from: string, to: string) => Promise<readonly Listed<CalendarEntry>[]>
  /** Names and addresses of the assets that are called so, or have this address now. */
  readonly assetsOf: (asset: string) => Promise<readonly Listed<Asset>[]>
  /** When a calendar was last imported or written to (ISO 8601); null: never. */
  readonly importedAt: () => Promise<string | null>
}

const CalendarAsk = z.object({
  asset: z.string(),
  source: z.string().nullable().optional(),
  at: z.string().nullable().optional(),
})

/** Clocks differ and alerts come late: an entry counts from a quarter of an hour before its beginning to as long after its end. */
const toleranceMs = 15 * 60_000
/** Entries that run at the same time but do not fit are named up to here. */
const besideMax = 3

/** The business calendar: was a change, a test or an exercise planned for this asset, from this source, at that time? */
export function businessCalendar(lookups: CalendarLookups): Connector {
  return {
    id: 'business-calendar',
    title: houseConnectors['business-calendar'],
    answers: ['change-window-of-asset'],
    limits: { timeoutMs: 2_000, concurrency: 8, perMinute: Number.POSITIVE_INFINITY },
    scope:
      'Knows the changes, tests and exercises that were imported or entered. It knows what was planned, not what was done. A test with known source addresses explains only what comes from them.',
    copy: 'the calendar',
    ask: async (_question, ask, context) => planned(lookups, CalendarAsk.parse(ask), context),
    health: () => health(lookups),
  }
}

async function planned(
  lookups: CalendarLookups,
  { asset, source, at }: z.infer<typeof CalendarAsk>,
  { clock, window: chosen, looksAt }: AskContext,
): Promise<Answered> {
  const moment = at == null ? clock.now() : new Date(at)
  const window = chosen ?? {
    from: new Date(moment.getTime() - toleranceMs).toISOString(),
    to: new Date(moment.getTime() + toleranceMs).toISOString(),
  }
  const { from, to } = window
  looksAt?.(window)
  const time = chosen === undefined ? `at ${moment.toISOString()}` : `from ${from} to ${to}`
  const query = `planned for ${asset}${source == null ? '' : ` from ${source}`} ${time}`
  if ((await lookups.importedAt()) === null) {
    return { kind: 'not-collected', why: 'no calendar was ever imported (counterfoil import calendar FILE)', query }
  }
  const [entries, assets] = await Promise.all([lookups.plannedAt(from, to), lookups.assetsOf(asset)])
  const target = targetOf(asset, assets)
  const verdicts = entries.map(({ fact }) => ({ fact, ...fits(fact, target, source ?? null) }))
  const hits = verdicts.filter(({ because }) => because !== null)
  const beside = verdicts.filter(({ because, but }) => because === null && but !== null).slice(0, besideMax)
  const notes = beside.map(({ fact, but }) => `${named(fact)} ran at that time, but ${but}.`)
  if (hits.length === 0) {
    // What runs beside it is worth a look, and explains nothing: it is told with the query.
    return { kind: 'nothing', query: [query, ...notes].join('. '), window }
  }
  const changes = hits.map(({ fact }) => {
    return { id: fact.id, title: fact.title, from: fact.from, to: fact.to, owner: fact.owner }
  })
  const answer: AnswerOf<'change-window-of-asset'> = { changes }
  const warnings = [...hits.map(({ fact, because }) => `${named(fact)} fits by ${because}.`), ...notes]
  return { kind: 'found', answer, query, window, warnings }
}

function named({ id, title }: CalendarEntry): string {
  return id.includes(title) ? `"${title}"` : `${id} "${title}"`
}

type Target = { readonly names: ReadonlySet<string>; readonly addresses: readonly string[]; readonly asked: string }

/** Everything the asset is called, in full, and the addresses it has. */
function targetOf(asked: string, assets: readonly Listed<Asset>[]): Target {
  const names = assets.flatMap(({ fact }) => [fact.name, ...fact.aliases]).map(plainName)
  const address = isIP(asked) !== 0 && !asked.includes('%') ? [ipaddr.process(asked).toString()] : []
  const addresses = [...address, ...assets.flatMap(({ fact }) => fact.addresses)]
  return { asked, names: new Set([...names, ...(address.length > 0 ? [] : [plainName(asked)])]), addresses }
}

/** "CORP\HOST$" and "host." as the calendar's names are written. */
function plainName(text: string): string {
  const bare = text.trim().toLowerCase()
  return bare.replace(/^[^\\]*\\/, '').replace(/[.$]+$/, '')
}

/**
 * Whether an entry explains what happened: its source must be one it names, and its target must be one it names. Where it names sources
 * and the alert's is another, it explains nothing, however well the target fits: somebody else may use the noise of a test.
 */
function fits(
  entry: CalendarEntry,
  target: Target,
  source: string | null,
): { readonly because: string | null; readonly but: string | null } {
  const hasTargets = entry.assets.length + entry.networks.length > 0
  const targeted = targetedBy(entry, target)
  if (entry.origins.length === 0) {
    if (targeted !== null) return { because: targeted, but: null }
    if (entry.everything) return { because: 'being about everything', but: null }
    return { because: null, but: hasTargets ? null : 'it does not say what it is about' }
  }
  const origin = source !== null && inRanges(source, entry.origins) ? `source ${source}` : null
  if (origin !== null) {
    if (!hasTargets || entry.everything) return { because: origin, but: null }
    if (targeted !== null) return { because: `${origin} and ${targeted}`, but: null }
    return { because: null, but: `${target.asked} is not among its targets` }
  }
  if (targeted === null && !entry.everything) return { because: null, but: null }
  const from = entry.origins.slice(0, 3).join(', ')
  return {
    because: null,
    but: `it comes from ${from}, and ${source === null ? 'no source is known here' : `this came from ${source}`}`,
  }
}

function targetedBy(entry: CalendarEntry, { names, addresses }: Target): string | null {
  const name = entry.assets.map(plainName).find((wanted) => [...names].some((one) => isSameHost(one, wanted)))
  if (name !== undefined) return `asset ${name}`
  const address = addresses.find((one) => inRanges(one, entry.networks))
  return address === undefined ? null : `address ${address}`
}

/** A short name counts only where one side has no domain: "db-01.emea.example" is not "db-01.apac.example". */
function isSameHost(one: string, other: string): boolean {
  if (one === other) return true
  const [short, long] = one.length < other.length ? [one, other] : [other, one]
  return !short.includes('.') && long.startsWith(`${short}.`) && isIP(long) === 0
}

async function health(lookups: CalendarLookups): Promise<Health> {
  const at = await lookups.importedAt()
  if (at === null)
    return { state: 'not-configured', says: 'No calendar was ever imported, and nothing entered.', lastSuccess: null }
  return { state: 'active', says: 'What is planned is known.', lastSuccess: at, newest: at }
}
