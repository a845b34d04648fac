import { isAmong, labelOf, sameName } from './parties.ts'
import type { XrayRecord } from './xray-record.ts'

export type Side = 'ours' | 'theirs' | 'others'
export type ProviderParty = { readonly id: string; readonly name: string; readonly domains: readonly string[] }
export type Sides = {
  readonly ours: readonly string[]
  readonly providers: readonly ProviderParty[]
  readonly sideOf: (org: string | null) => Side
  readonly providerOf: (org: string | null) => string | null
}

export type SideOptions = {
  readonly ours?: readonly string[] | undefined
  readonly providers?: Readonly<Record<string, readonly string[]>> | undefined
}

/** Mail that opens or moves an alert, written by a system or a desk and not in answer to somebody. */
function tells(record: XrayRecord): boolean {
  return (record.kind === 'alert' || record.kind === 'update') && !record.reply && !record.forward
}

type Tally = {
  sent: number
  got: number
  gotTo: number
  mails: number
  alerts: number
  replies: number
  names: Map<string, number>
}

function tallyOf(records: readonly XrayRecord[]): Map<string, Tally> {
  const tallies = new Map<string, Tally>()
  const of = (org: string): Tally => {
    const found = tallies.get(org) ?? { sent: 0, got: 0, gotTo: 0, mails: 0, alerts: 0, replies: 0, names: new Map() }
    tallies.set(org, found)
    return found
  }
  const senders = new Map(
    records.flatMap((record) =>
      record.id === null || record.from === null ? [] : [[record.id, record.from] as const],
    ),
  )
  for (const record of records) {
    const { from } = record
    if (from === null || record.kind === 'bounce') continue
    const mine = of(from)
    mine.mails += 1
    if (record.fromName !== '') mine.names.set(record.fromName, (mine.names.get(record.fromName) ?? 0) + 1)
    const outside = (org: string) => org !== from && !sameName(org, from)
    if (tells(record)) {
      const to = record.to.filter(outside)
      const cc = record.cc.filter(outside)
      // Without a named recipient (blind copies) it is still told to somebody; to one's own house it is not.
      const told = to.length + cc.length > 0 || record.to.length + record.cc.length === 0
      if (told) mine.sent += 1
      for (const org of to) {
        of(org).got += 1
        of(org).gotTo += 1
      }
      for (const org of cc) of(org).got += 0.5
      if (told && record.kind === 'alert') mine.alerts += 1
    }
    if (record.forward && record.innerFrom !== null && outside(record.innerFrom)) {
      // A colleague who carries an alert on is ours; the one who wrote it is theirs.
      const weight = record.kind === 'alert' || record.kind === 'update' ? 0.5 : 0.25
      of(record.innerFrom).sent += weight
      if (record.kind === 'alert') of(record.innerFrom).alerts += 1
      mine.got += weight
      mine.gotTo += weight
    }
    if (record.reply && record.parents.some((id) => outside(senders.get(id) ?? from))) mine.replies += 1
  }
  return tallies
}

/** Receivers count as ours from this share of the alerts of the one who gets most. A partner in copy stays below it. */
const oursShareMin = 0.02

function seedOurs(tallies: ReadonlyMap<string, Tally>): Set<string> {
  const balance = (tally: Tally) => tally.got - tally.sent
  const most = Math.max(0, ...[...tallies.values()].filter((tally) => balance(tally) > 0).map((tally) => tally.gotTo))
  const ours = new Set<string>()
  for (const [org, tally] of tallies) {
    if (balance(tally) > 0 && tally.gotTo > 0 && tally.gotTo >= most * oursShareMin && tally.alerts <= tally.got / 2)
      ours.add(org)
  }
  return ours
}

/** Walks along the mails until nothing changes: who answers a provider towards the provider is ours, who answers us is theirs. */
function spread(records: readonly XrayRecord[], ours: Set<string>, theirs: Set<string>, fixed: boolean): void {
  const senders = new Map(
    records.flatMap((record) =>
      record.id === null || record.from === null ? [] : [[record.id, record.from] as const],
    ),
  )
  // Each round settles at least one domain; more rounds than this mean a chain of domains that no relationship has.
  for (let round = 0; round < 6; round += 1) {
    const votes = new Map<string, { ours: number; theirs: number }>()
    const vote = (org: string, side: 'ours' | 'theirs', weight: number) => {
      const found = votes.get(org) ?? { ours: 0, theirs: 0 }
      found[side] += weight
      votes.set(org, found)
    }
    for (const record of records) {
      const { from } = record
      if (
        from === null ||
        ours.has(from) ||
        theirs.has(from) ||
        record.kind === 'bounce' ||
        record.kind === 'advertising'
      )
        continue
      const toOurs = record.to.some((org) => ours.has(org))
      const toTheirs = record.to.some((org) => theirs.has(org))
      const parent = record.parents.map((id) => senders.get(id)).find((org) => org !== undefined && org !== from)
      const told = record.kind === 'alert' || record.kind === 'update'
      if (record.forward && record.innerFrom !== null && theirs.has(record.innerFrom) && toOurs) vote(from, 'ours', 1)
      else if (toTheirs && !toOurs) vote(from, 'ours', parent !== undefined && theirs.has(parent) ? 2 : 1)
      else if (toOurs && !toTheirs && parent !== undefined && ours.has(parent) && (record.ticket !== null || told))
        vote(from, 'theirs', 2)
      else if (toOurs && !toTheirs && record.kind === 'alert' && !record.forward) vote(from, 'theirs', 1)
    }
    let changed = false
    for (const [org, { ours: forOurs, theirs: forTheirs }] of votes) {
      if (forOurs === forTheirs) continue
      if (forOurs > forTheirs && fixed) continue
      ;(forOurs > forTheirs ? ours : theirs).add(org)
      changed = true
    }
    if (!changed) return
  }
}

const squeezed = (text: string): string => text.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '')

/** The From name used most that carries the name of the domain; else the domain's own word. */
function partyName(org: string, tally: Tally | undefined): string {
  const label = labelOf(org)
  const words = [squeezed(label), ...label.split(/[-_]/)].filter((word) => word.length > 2)
  const best = [...(tally?.names ?? new Map<string, number>())]
    .sort((a, b) => b[1] - a[1])
    .find(([name]) => words.some((word) => squeezed(name).includes(word)))
  return best?.[0] ?? (label === '' ? org : label)
}

/** Domains of one provider: the same name, or writing in the same threads. */
function partiesOf(
  theirs: ReadonlySet<string>,
  together: readonly (readonly string[])[],
  tallies: ReadonlyMap<string, Tally>,
): ProviderParty[] {
  const leader = new Map([...theirs].map((org) => [org, org]))
  const find = (org: string): string => {
    let at = org
    while (leader.get(at) !== at) at = leader.get(at) ?? at
    return at
  }
  const join = (a: string, b: string) => leader.set(find(a), find(b))
  const all = [...theirs]
  all.forEach((a, index) => {
    for (const b of all.slice(index + 1)) if (sameName(a, b)) join(a, b)
  })
  for (const orgs of together) for (const org of orgs.slice(1)) join(orgs[0] ?? org, org)
  const groups = Map.groupBy(all, find)
  const used = new Set<string>()
  return [...groups.values()].map((orgs) => {
    const sorted = [...orgs].sort((a, b) => (tallies.get(b)?.mails ?? 0) - (tallies.get(a)?.mails ?? 0))
    const main = sorted[0] ?? ''
    let id =
      (labelOf(main) || main)
        .toLowerCase()
        .replaceAll(/[^a-z0-9]+/g, '-')
        .replaceAll(/^-|-$/g, '')
        .slice(0, 60) || 'provider'
    while (used.has(id)) id = `${id}-2`
    used.add(id)
    return { id, name: partyName(main, tallies.get(main)), domains: sorted }
  })
}

/** Orgs that wrote under the same ticket. */
function writersTogether(records: readonly XrayRecord[], theirs: ReadonlySet<string>): readonly (readonly string[])[] {
  const senders = new Map(
    records.flatMap((record) =>
      record.id === null || record.from === null ? [] : [[record.id, record.from] as const],
    ),
  )
  const byTicket = new Map<string, Set<string>>()
  const pairs: string[][] = []
  for (const record of records) {
    if (record.from === null || !theirs.has(record.from)) continue
    // Only tickets with letters: a bare "1042" of two providers is no common ticket.
    if (record.ticket !== null && /[A-Z]/.test(record.ticket) && record.ticket.length >= 6) {
      const set = byTicket.get(record.ticket) ?? new Set<string>()
      byTicket.set(record.ticket, set.add(record.from))
    }
    for (const id of record.parents) {
      const sender = senders.get(id)
      if (sender !== undefined && sender !== record.from && theirs.has(sender)) pairs.push([sender, record.from])
    }
  }
  return [...pairs, ...[...byTicket.values()].filter((set) => set.size > 1).map((set) => [...set])]
}

function given(options: SideOptions, sides: { ours: Set<string>; theirs: Set<string> }): void {
  const named = Object.values(options.providers ?? {})
    .flat()
    .map((domain) => domain.toLowerCase())
  const mine = (options.ours ?? []).map((domain) => domain.toLowerCase())
  for (const org of named) sides.theirs.add(org)
  for (const org of mine) sides.ours.add(org)
  for (const org of [...sides.ours])
    if (isAmong(org, named) || (mine.length > 0 && !isAmong(org, mine))) sides.ours.delete(org)
  for (const org of [...sides.theirs])
    if (isAmong(org, mine) || (named.length > 0 && !isAmong(org, named))) sides.theirs.delete(org)
}

/** Works out who is who from who tells whom of alerts and who answers. What the caller says about domains is not argued with. */
export function sidesOf(records: readonly XrayRecord[], options: SideOptions): Sides {
  const tallies = tallyOf(records)
  const mine = (options.ours ?? []).map((domain) => domain.toLowerCase())
  const ours = mine.length > 0 ? new Set([...tallies.keys()].filter((org) => isAmong(org, mine))) : seedOurs(tallies)
  const theirs = new Set(
    [...tallies]
      .filter(([org, tally]) => !ours.has(org) && tally.sent > 0 && tally.alerts > 0 && tally.sent >= tally.got)
      .map(([org]) => org),
  )
  given(options, { ours, theirs })
  for (const org of tallies.keys()) {
    if (ours.has(org) || theirs.has(org) || labelOf(org) === '') continue
    const likeOurs = mine.length === 0 && [...ours].some((one) => sameName(one, org))
    const likeTheirs = [...theirs].some((one) => sameName(one, org))
    if (likeOurs !== likeTheirs) (likeOurs ? ours : theirs).add(org)
  }
  spread(records, ours, theirs, mine.length > 0)
  given(options, { ours, theirs })
  const fixed = Object.entries(options.providers ?? {})
  const providers =
    fixed.length > 0
      ? fixed.map(([id, domains]) => ({ id, name: id, domains: [...domains] }))
      : partiesOf(theirs, writersTogether(records, theirs), tallies)
  const home = new Map(providers.flatMap(({ id, domains }) => domains.map((domain) => [domain, id] as const)))
  const providerOf = (org: string | null): string | null => {
    if (org === null) return null
    return home.get(org) ?? providers.find(({ domains }) => isAmong(org, domains))?.id ?? null
  }
  const sideOf = (org: string | null): Side =>
    org === null
      ? 'others'
      : ours.has(org) || isAmong(org, mine)
        ? 'ours'
        : providerOf(org) !== null
          ? 'theirs'
          : 'others'
  const counted = [...ours].sort(
    (a, b) =>
      (tallies.get(b)?.got ?? 0) +
      (tallies.get(b)?.mails ?? 0) -
      (tallies.get(a)?.got ?? 0) -
      (tallies.get(a)?.mails ?? 0),
  )
  return { ours: counted, providers, sideOf, providerOf }
}
