import type { Letter } from '../model/letter.ts'
import type { MessageKind } from '../model/message.ts'
import { rungs } from '../model/question.ts'
import type { Xray } from '../model/xray.ts'
import { type BusinessHours, isOffHours, timeZoneOf } from './hours.ts'
import { type Sides, sidesOf } from './sides.ts'
import { type Thread, threadsOf } from './threads.ts'
import { recordOf, type XrayRecord } from './xray-record.ts'

export type XrayOptions = {
  /** Our own domains; worked out from the mails when empty. */
  readonly ours?: readonly string[] | undefined
  /** Providers' domains by id; worked out when empty. */
  readonly providers?: Readonly<Record<string, readonly string[]>> | undefined
  /** A time zone of null is worked out from the mails' own dates. */
  readonly businessHours: BusinessHours
}

/** One input of the X-ray. Without a letter, `why` says what was wrong with it. */
export type XrayInput = { readonly name: string; readonly letter: Letter | null; readonly why?: string }

export type XrayMaker = { readonly add: (input: XrayInput) => void; readonly result: () => Xray }

/** Rows of a list that are kept; a longer list of rules is a list of subjects. */
const rowsMax = 500

function median(numbers: readonly number[]): number | null {
  if (numbers.length === 0) return null
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const high = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? 0) + high) / 2
}

function round(number: number, digits: number): number {
  const factor = 10 ** digits
  return Math.round(number * factor) / factor
}

/** The spelling that most alerts use, so that a list shows words somebody wrote. */
function mostCommon(words: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return [...counts].reduce((best, one) => (one[1] > best[1] ? one : best), ['', 0] as [string, number])[0]
}

/** An alert as the counts need it: what its first telling mails say. */
type Counted = {
  readonly thread: Thread
  readonly rule: string | null
  readonly ruleKey: string | null
  readonly entity: string | null
  readonly entityKey: string | null
  readonly at: number | null
  readonly rungs: number
}

function counted(thread: Thread): Counted {
  const carried = thread.messages.filter(({ record }) => record.forward && record.kind === 'alert')
  const theirs = thread.messages.filter(({ side }) => side === 'theirs')
  const openers = theirs.filter(({ record }) => record.kind === 'alert')
  const telling = (openers.length > 0 ? openers : theirs.length > 0 ? theirs : carried).map(({ record }) => record)
  const ruled =
    telling.find((record) => record.ruleKey !== null) ??
    theirs.map(({ record }) => record).find((record) => record.ruleKey !== null)
  const about =
    telling.find((record) => record.entityKey !== null) ??
    theirs.map(({ record }) => record).find((record) => record.entityKey !== null)
  const first = telling[0]
  return {
    thread,
    rule: ruled?.rule ?? null,
    ruleKey: ruled?.ruleKey ?? null,
    entity: about?.entity ?? null,
    entityKey: about?.entityKey ?? null,
    at: theirs[0]?.record.at ?? first?.innerAt ?? first?.at ?? null,
    // What it came with: the mail that opened it, not what was asked for later.
    rungs: first?.rungs ?? 0,
  }
}

function rulesOf(alerts: readonly Counted[]): Xray['rules'] {
  const byRule = Map.groupBy(
    alerts.filter(({ ruleKey }) => ruleKey !== null),
    ({ ruleKey }) => ruleKey ?? '',
  )
  return [...byRule.values()]
    .map((group) => ({
      rule: mostCommon(group.map(({ rule }) => rule ?? '')),
      alerts: group.length,
      share: round(group.length / alerts.length, 4),
    }))
    .sort((a, b) => b.alerts - a.alerts || a.rule.localeCompare(b.rule))
    .slice(0, rowsMax)
}

function isoOf(at: number | null | undefined): string | null {
  return at === null || at === undefined ? null : new Date(at).toISOString()
}

function repeatedOf(alerts: readonly Counted[]): Xray['repeated'] {
  const asked = alerts.filter(({ ruleKey, entityKey }) => ruleKey !== null && entityKey !== null)
  return [...Map.groupBy(asked, ({ ruleKey, entityKey }) => `${ruleKey ?? ''}\n${entityKey ?? ''}`).values()]
    .filter((group) => group.length >= 2)
    .map((group) => {
      const times = group.flatMap(({ at }) => at ?? []).sort((a, b) => a - b)
      return {
        rule: mostCommon(group.map(({ rule }) => rule ?? '')),
        entity: mostCommon(group.map(({ entity }) => entity ?? '')),
        times: group.length,
        first: isoOf(times[0]),
        last: isoOf(times.at(-1)),
      }
    })
    .sort((a, b) => b.times - a.times || a.rule.localeCompare(b.rule) || a.entity.localeCompare(b.entity))
    .slice(0, rowsMax)
}

/** Minutes in one thread from the first unanswered mail of a side to the other side's answer. */
function waitsIn(thread: Thread, sides: Sides): { readonly us: readonly number[]; readonly them: readonly number[] } {
  const waits = { us: [] as number[], them: [] as number[] }
  let waiting: { side: 'ours' | 'theirs'; since: number } | null = null
  for (const { record, kind, side } of thread.messages) {
    if (side === 'others' || record.at === null || kind === 'auto-reply' || kind === 'bounce') continue
    // What we send to one another answers nobody.
    const heard = [...record.to, ...record.cc]
    if (side === 'ours' && heard.length > 0 && heard.every((org) => sides.sideOf(org) === 'ours')) continue
    if (waiting !== null && waiting.side !== side)
      waits[side === 'ours' ? 'us' : 'them'].push((record.at - waiting.since) / 60_000)
    if (waiting === null || waiting.side !== side) waiting = { side, since: record.at }
  }
  return waits
}

/** 95 %: ranks of the sorted values between which the median lies (order statistics, normal approximation of the binomial). Of fewer than six nobody can say. */
function medianInterval(numbers: readonly number[]): Xray['intervals']['us'] {
  const n = numbers.length
  if (n < 6) return null
  const sorted = [...numbers].sort((a, b) => a - b)
  const half = (1.96 * Math.sqrt(n)) / 2
  const [low, high] = [Math.floor(n / 2 - half), Math.ceil(n / 2 + half)]
  return { from: round(sorted[Math.max(0, low - 1)] ?? 0, 1), to: round(sorted[Math.min(n, high) - 1] ?? 0, 1) }
}

/** 95 % of the mean share of rungs, by the spread between alerts. */
function fidelityInterval(alerts: readonly Counted[]): Xray['intervals']['fidelity'] {
  const n = alerts.length
  if (n < 6) return null
  const shares = alerts.map(
    (alert) => rungs.filter((_rung, index) => (alert.rungs & (1 << index)) !== 0).length / rungs.length,
  )
  const mean = shares.reduce((sum, share) => sum + share, 0) / n
  const spread = Math.sqrt(shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / (n - 1))
  const half = (1.96 * spread) / Math.sqrt(n)
  return { from: round(Math.max(0, mean - half), 4), to: round(Math.min(1, mean + half), 4) }
}

const weekMs = 7 * 86_400_000
/** The first Monday of the Unix epoch was 5 January 1970. */
const firstMondayMs = 4 * 86_400_000
/** Ten years; a folder with an older mail shows its newest ones. */
const weeksMax = 520

function weeksOf(dated: readonly number[], isOff: (at: number) => boolean): Xray['weeks'] {
  const weekOf = (at: number): number => Math.floor((at - firstMondayMs) / weekMs)
  const byWeek = Map.groupBy(dated, weekOf)
  const last = Math.max(...byWeek.keys())
  const first = Math.max(Math.min(...byWeek.keys()), last - weeksMax + 1)
  if (byWeek.size === 0) return []
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const times = byWeek.get(first + index) ?? []
    const week = new Date((first + index) * weekMs + firstMondayMs).toISOString().slice(0, 10)
    return { week, alerts: times.length, off: times.filter(isOff).length }
  })
}

/** Minutes that a rule kept somebody waiting, the worst first. */
function waitingOf(alerts: readonly Counted[], sides: Sides): Xray['waiting'] {
  const named = alerts.filter(({ ruleKey }) => ruleKey !== null)
  return [...Map.groupBy(named, ({ ruleKey }) => ruleKey ?? '').values()]
    .map((group) => {
      const waits = group.map(({ thread }) => waitsIn(thread, sides)).map(({ us, them }) => [...us, ...them])
      return {
        rule: mostCommon(group.map(({ rule }) => rule ?? '')),
        minutes: Math.round(waits.flat().reduce((sum, wait) => sum + wait, 0)),
        n: waits.filter((one) => one.length > 0).length,
      }
    })
    .filter(({ n }) => n > 0)
    .sort((a, b) => b.minutes - a.minutes || a.rule.localeCompare(b.rule))
    .slice(0, rowsMax)
}

function waitsOf(threads: readonly Thread[], sides: Sides) {
  const all = threads.map((thread) => waitsIn(thread, sides))
  const of = (side: 'us' | 'them') => {
    const each = all.flatMap((waits) => median(waits[side]) ?? [])
    const middle = median(each)
    const wait = { medianMinutes: middle === null ? null : round(middle, 1), n: each.length }
    return { wait, interval: medianInterval(each) }
  }
  return { them: of('them'), us: of('us') }
}

function evidenceOf(alerts: readonly Counted[]): Xray['evidence'] {
  const rows = rungs.map((rung, index) => {
    const count = alerts.filter((alert) => (alert.rungs & (1 << index)) !== 0).length
    return { rung, alerts: count, share: alerts.length === 0 ? 0 : round(count / alerts.length, 4) }
  })
  const fidelity =
    alerts.length === 0
      ? null
      : round(rows.reduce((sum, row) => sum + row.alerts, 0) / (alerts.length * rungs.length), 4)
  return { rungs: rows, fidelity }
}

/** The same mail filed twice: same Message-ID, author, subject and date (without a Message-ID the same text too). The first stays. */
function copiesOf(records: readonly XrayRecord[]): ReadonlySet<XrayRecord> {
  const seen = new Set<string>()
  return new Set(
    records.filter((record) => {
      if (seen.has(record.copyKey)) return true
      seen.add(record.copyKey)
      return false
    }),
  )
}

/**
 * Looks at a folder of old mail. `add` takes one mail at a time and keeps a small record of it; `result` works out who is
 * who, threads the mails and counts. Every mail is counted once: `unread` where it is no mail or nobody could tell what it says,
 * `reply` where our side sent it, `read` for all others. A copy of a mail counts as a mail, never as an alert. Pure.
 */
export function makeXray(options: XrayOptions): XrayMaker {
  const records: XrayRecord[] = []
  const broken: { name: string; why: string }[] = []
  return {
    add: ({ name, letter, why }) => {
      if (letter === null) broken.push({ name, why: why ?? 'It could not be read.' })
      else records.push(recordOf(name, letter))
    },
    result: () => resultOf(records, broken, options),
  }
}

function resultOf(
  records: readonly XrayRecord[],
  broken: readonly { name: string; why: string }[],
  options: XrayOptions,
): Xray {
  const sides = sidesOf(records, options)
  const { threads, kinds } = threadsOf(records, sides, copiesOf(records))
  const isOurs = (record: XrayRecord) => sides.sideOf(record.from) === 'ours'
  const unread = records.filter((record) => kinds.get(record) === 'unread')
  const sent = records.filter(isOurs).length
  const kindCounts: Partial<Record<MessageKind, number>> = {}
  for (const kind of kinds.values()) if (kind !== 'unread') kindCounts[kind] = (kindCounts[kind] ?? 0) + 1
  const alerts = threads.filter(({ alert }) => alert).map(counted)
  const zone = options.businessHours.timeZone ?? timeZoneOf(records, isOurs)
  const dated = alerts.flatMap(({ at }) => at ?? [])
  const isOff = (at: number) => isOffHours(at, zone, options.businessHours)
  const off = dated.filter(isOff).length
  const { them, us } = waitsOf(threads, sides)
  const times = records.flatMap(({ at }) => at ?? [])
  const edge = (pick: (a: number, b: number) => number) => isoOf(times.length === 0 ? null : times.reduce(pick))
  return {
    messages: {
      in: records.length + broken.length,
      read: records.length - sent - unread.length,
      reply: sent,
      unread: unread.length + broken.length,
      kinds: kindCounts,
    },
    ours: [...sides.ours],
    providers: sides.providers
      .map(({ id, name, domains }) => ({
        id,
        name,
        domains: [...domains],
        messages: records.filter((record) => sides.providerOf(record.from) === id).length,
        alerts: alerts.filter(({ thread }) => thread.provider === id).length,
      }))
      .sort((a, b) => b.alerts - a.alerts || b.messages - a.messages),
    alerts: alerts.length,
    tickets: new Set(
      threads.flatMap(({ ticket, provider }) => (ticket === null ? [] : [`${provider ?? ''} ${ticket}`])),
    ).size,
    from: edge((a, b) => Math.min(a, b)),
    to: edge((a, b) => Math.max(a, b)),
    rules: rulesOf(alerts),
    repeated: repeatedOf(alerts),
    waits: { them: them.wait, us: us.wait },
    offHoursShare: dated.length === 0 ? null : round(off / dated.length, 4),
    evidence: evidenceOf(alerts),
    weeks: weeksOf(dated, isOff),
    waiting: waitingOf(alerts, sides),
    intervals: { them: them.interval, us: us.interval, fidelity: fidelityInterval(alerts) },
    unreadMessages: [...broken, ...unread.map(({ name, because }) => ({ name, why: because }))],
  }
}
