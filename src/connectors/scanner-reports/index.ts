import { z } from 'zod'
import type { AskContext, Connector, Health } from '../../model/connector.ts'
import { ageDays } from '../../model/context.ts'
import type { Answered } from '../../model/finding.ts'
import { houseConnectors } from '../../model/house-connectors.ts'
import type { AnswerOf } from '../../model/question.ts'
import { clears, type VendorWord } from '../../model/vendor-word.ts'
import {
  CveId,
  type CveKnowledge,
  type FoundOnMachine,
  type ScannedMachine,
  scanStaleDays,
} from '../../model/vulnerability.ts'

type Item = AnswerOf<'vulnerabilities-of-asset'>['open'][number]
/** What we ourselves said about a CVE: that it does not affect us, or that we live with it. */
type Word = { readonly cve: string; readonly host: string | null; readonly status: string; readonly reason: string }

/** How the reports are looked up; the store is passed in. */
export type ScanLookups = {
  /** When a report was last imported, and its newest scan; null: never. */
  readonly lastScan: () => Promise<{ readonly importedAt: string; readonly scannedAt: string } | null>
  readonly machines: (asset: string) => Promise<readonly ScannedMachine[]>
  readonly found: (hostIds: readonly number[], cve: string | null) => Promise<readonly FoundOnMachine[]>
  readonly knowledge: (cves: readonly string[]) => Promise<ReadonlyMap<string, CveKnowledge>>
  /** Does any report of these scanners name the CVE on any machine? */
  readonly isTestedFor: (scanners: readonly string[], cve: string) => Promise<boolean>
  readonly words: (cves: readonly string[], at: Date) => Promise<readonly Word[]>
  /** What vendors say of these findings; of one CVE, or of each whole finding. */
  readonly vendors: (
    found: readonly FoundOnMachine[],
    now: Date,
  ) => Promise<(found: FoundOnMachine, cve: string | null) => VendorWord | null>
  /** What a vendor says of a CVE on a machine where no report found it. */
  readonly vendorOn: (asset: string, hostIds: readonly number[], cve: string, now: Date) => Promise<VendorWord | null>
  /** By when a finding has to be gone, in words; null: the decision table says nothing about it. */
  readonly deadline: (
    found: FoundOnMachine,
    exposed: boolean | null,
    cves: ReadonlyMap<string, CveKnowledge>,
  ) => Pick<Item, 'deadline' | 'deadlineEarliest' | 'deadlineUnknown'>
}

const Ask = z.object({ asset: z.string(), cve: z.string().nullish(), at: z.iso.datetime().nullish() })

/** Open findings that an answer names; the worst. The rest is counted. */
const shownMax = 50
/** Scanners bring a test for most CVEs within days. After a month, no sighting means that it was tested for. */
const testedAfterDays = 30

/** What vulnerability scanners found: their reports, as they were imported. */
export function scannerReports(lookups: ScanLookups): Connector {
  return {
    id: 'scanner-reports',
    title: houseConnectors['scanner-reports'],
    answers: ['vulnerabilities-of-asset'],
    limits: { timeoutMs: 5_000, concurrency: 4, perMinute: Number.POSITIVE_INFINITY },
    scope: 'Knows what the imported reports of your scanners found, as old as those are. It scans nothing itself.',
    copy: 'the scanners’ reports',
    ask: (_question, ask, context) => answer(lookups, Ask.parse(ask), context),
    health: (context) => health(lookups, context),
  }
}

async function answer(lookups: ScanLookups, ask: z.output<typeof Ask>, { clock }: AskContext): Promise<Answered> {
  const { asset } = ask
  const said = ask.cve?.trim().toUpperCase() ?? ''
  const query = `reports about ${asset}${said === '' ? '' : ` for ${said}`}`
  if (asset.trim() === '') return { kind: 'not-applicable', why: 'no machine is named' }
  if (said !== '' && !CveId.safeParse(said).success) return { kind: 'not-applicable', why: `"${said}" is no CVE` }
  const cve = said === '' ? null : said
  const machines = await lookups.machines(asset)
  const at = ask.at == null ? clock.now() : new Date(ask.at)
  const found = await lookups.found(
    machines.map(({ id }) => id),
    cve,
  )
  const relevant = cve === null ? found.filter((one) => one.fixedAt === null && one.severity !== 'info') : found
  if (relevant.length > 0) return foundAnswer(lookups, { machines, found: relevant, cve, at, now: clock.now(), query })
  const scanned = await withoutSighting(lookups, { asset, machines, cve, at, query })
  if (cve === null) return scanned
  const word = await lookups.vendorOn(
    asset,
    machines.map(({ id }) => id),
    cve,
    clock.now(),
  )
  return word === null ? scanned : vendorAnswer(word, scanned, { cve, machines, query, now: clock.now() })
}

type Sought = {
  readonly asset: string
  readonly machines: readonly ScannedMachine[]
  readonly cve: string | null
  readonly at: Date
  readonly query: string
}

/** What the scanners alone can say where none of them found it. */
async function withoutSighting(lookups: ScanLookups, { asset, machines, cve, at, query }: Sought): Promise<Answered> {
  if ((await lookups.lastScan()) === null)
    return { kind: 'not-collected', why: "no scanner's report was ever imported (counterfoil import scan FILE)", query }
  const looked = machines.filter(({ lookedFor }) => lookedFor === 'vulnerabilities')
  if (machines.length === 0)
    return { kind: 'not-collected', why: `no imported report has a machine "${asset}": it was never scanned`, query }
  return notFound(lookups, { machines: looked, all: machines, cve, at, query })
}

type Found = {
  readonly machines: readonly ScannedMachine[]
  readonly found: readonly FoundOnMachine[]
  readonly cve: string | null
  readonly at: Date
  readonly now: Date
  readonly query: string
}

async function foundAnswer(lookups: ScanLookups, { machines, found, cve, at, now, query }: Found): Promise<Answered> {
  const shown = found.slice(0, shownMax)
  const cves = [...new Set([...(cve === null ? [] : [cve]), ...shown.flatMap((one) => one.cves)])]
  const [knowledge, words, vendorOf] = await Promise.all([
    lookups.knowledge(cves),
    lookups.words(cves, now),
    lookups.vendors(found, now),
  ])
  const names = new Set(machines.flatMap((one) => [...one.names, ...one.addresses, one.key.toLowerCase()]))
  const ours = words.filter(({ host }) => host === null || names.has(host))
  const exposed = machines.some((one) => one.exposed === true)
    ? true
    : (machines.find((one) => one.exposed !== null)?.exposed ?? null)
  const itemOf = (one: FoundOnMachine): Item => {
    const main = cve ?? one.cves[0] ?? one.title
    const word = ours.find(({ cve: about }) => about === main)
    const vendor = vendorOf(one, cve)
    return {
      ...plainItem(one, main, knowledge.get(main)),
      ...(clears(vendor) ? {} : lookups.deadline(one, exposed, knowledge)),
      ...(vendor === null ? {} : { vendor: vendorSays(vendor, now) }),
      ...(word === undefined ? {} : { word: `${word.status}: ${word.reason}` }),
    }
  }
  // Open when it happened: what was patched after the alert was there at the time.
  const isOpenThen = (one: FoundOnMachine): boolean => one.fixedAt === null || new Date(one.fixedAt) > at
  const open = shown.filter((one) => one.fixedAt === null).map(itemOf)
  const fixed = shown.filter((one) => one.fixedAt !== null).map(itemOf)
  const isOurs = (one: FoundOnMachine): boolean =>
    ours.some((word) => word.status === 'not-affected' && (word.cve === cve || one.cves.includes(word.cve)))
  const openThen = found.filter(isOpenThen)
  const restsOn = cve === null ? null : ruledBy(openThen, { isOurs, vendorOf: (one) => vendorOf(one, cve), now })
  const scannedAt =
    machines[0] === undefined
      ? null
      : machines
          .map((one) => one.scannedAt)
          .toSorted()
          .at(-1)
  const said: AnswerOf<'vulnerabilities-of-asset'> = {
    vulnerable: cve === null ? null : openThen.some((one) => !isOurs(one) && !clears(vendorOf(one, cve))),
    open,
    fixed,
    total: found.length,
    exposed,
    patchedAt:
      open.length > 0
        ? null
        : (fixed
            .flatMap((one) => one.patchedAt ?? [])
            .toSorted()
            .at(-1) ?? null),
    scannedAt: scannedAt ?? null,
    scannedBy: [...new Set(machines.map(({ source }) => source))],
    kev: knowledge.get(cve ?? '')?.kevAdded ?? null,
    ...(restsOn === null ? {} : { restsOn }),
  }
  return { kind: 'found', answer: said, query, warnings: warningsOf(machines, at, found.length) }
}

type Rule = {
  readonly isOurs: (one: FoundOnMachine) => boolean
  readonly vendorOf: (one: FoundOnMachine) => VendorWord | null
  readonly now: Date
}

/** Whose word settles it where a scanner has it open and somebody says otherwise; null: the scanner's, with nobody against it. */
function ruledBy(open: readonly FoundOnMachine[], { isOurs, vendorOf, now }: Rule): string | null {
  if (open.length === 0) return null
  if (open.every((one) => isOurs(one))) return 'We said ourselves that it does not affect us here'
  const words = open.flatMap((one) => (isOurs(one) ? [] : [vendorOf(one)]))
  const word = words.find((one) => !clears(one)) ?? words[0] ?? null
  return word === null ? null : `The scanner has it open. ${vendorSays(word, now)}`
}

const statusWords = {
  affected: 'affected',
  'not-affected': 'not affected',
  fixed: 'fixed',
  'under-investigation': 'under investigation: the vendor does not know yet, so this is unknown',
} as const

/** A vendor's statement as a person reads it: what, why, who, where, how old, and whether it counts. */
function vendorSays(word: VendorWord, now: Date): string {
  const why = [word.justification?.replaceAll('_', ' ') ?? '', word.detail].filter((one) => one !== '').join('; ')
  const days = ageDays(word.releasedAt, now) ?? 0
  const reason = why === '' ? '' : ` (${why.replace(/[.\s]+$/u, '')})`
  return `${word.publisher} says that ${word.product} is ${statusWords[word.status]}${reason}; ${word.document}, ${days} days old. ${word.because}`
}

type Unseen = {
  readonly cve: string
  readonly machines: readonly ScannedMachine[]
  readonly query: string
  readonly now: Date
}

/** No scanner found it and a vendor says something: that counts where it is certain, and is only told where it is not. */
function vendorAnswer(word: VendorWord, scanned: Answered, { cve, machines, query, now }: Unseen): Answered {
  const says = vendorSays(word, now)
  const looked =
    scanned.kind === 'nothing'
      ? 'A scanner looked and did not find it.'
      : 'why' in scanned
        ? `Scanners: ${scanned.why}.`
        : ''
  if (!word.applies || word.status === 'under-investigation') {
    // What its own vendor does not know yet, a scanner that found nothing does not know either.
    if (word.applies && scanned.kind === 'nothing')
      return { kind: 'not-collected', why: `${looked} ${says}`.replace(/\.$/u, ''), query }
    if (scanned.kind === 'not-collected') return { ...scanned, why: `${scanned.why}. ${says.replace(/\.$/u, '')}` }
    return scanned.kind === 'nothing' ? { ...scanned, query: `${scanned.query ?? query}. ${says}` } : scanned
  }
  const item: Item = { cve, severity: null, since: null, note: null, vendor: says }
  const answer: AnswerOf<'vulnerabilities-of-asset'> = {
    vulnerable: word.status === 'affected',
    open: word.status === 'affected' ? [item] : [],
    fixed: word.status === 'affected' ? [] : [item],
    total: 1,
    patchedAt: null,
    scannedAt: machines[0]?.scannedAt ?? null,
    scannedBy: [...new Set(machines.map(({ source }) => source))],
    restsOn: `${looked} ${says}`.trim(),
  }
  return { kind: 'found', answer, query, warnings: [] }
}

function plainItem(one: FoundOnMachine, cve: string, known: CveKnowledge | undefined): Item {
  return {
    cve,
    severity: one.severity,
    since: one.firstSeen,
    note: `${one.title}${one.port === 0 ? '' : ` (${one.port}/${one.protocol})`}`,
    lastSeen: one.lastSeen,
    patchedAt: one.fixedAt,
    fix: one.fix,
    score: known?.score ?? one.score,
    kev: known?.kevAdded ?? null,
    epss: known?.epss ?? null,
  }
}

function warningsOf(machines: readonly ScannedMachine[], at: Date, count: number): string[] {
  const newest =
    machines
      .map((one) => one.scannedAt)
      .toSorted()
      .at(-1) ?? null
  const days = ageDays(newest, at)
  return [
    ...(days !== null && days > scanStaleDays ? [`The last scan was ${days} days before.`] : []),
    ...(machines.every(({ matchedBy }) => matchedBy === 'address')
      ? ['Matched by address: another machine may have had it when it was scanned.']
      : []),
    ...(machines.length > 1
      ? [
          `Reports have it as ${machines
            .map((one) => `${one.key} (${one.source})`)
            .slice(0, 4)
            .join(', ')}.`,
        ]
      : []),
    ...(count > shownMax ? [`${count} findings; the ${shownMax} worst are named.`] : []),
  ]
}

type NotFound = {
  readonly machines: readonly ScannedMachine[]
  readonly all: readonly ScannedMachine[]
  readonly cve: string | null
  readonly at: Date
  readonly query: string
}

/** Nothing was seen. That is "nothing" only where somebody looked for it, late enough to know it and lately enough to count. */
async function notFound(lookups: ScanLookups, { machines, all, cve, at, query }: NotFound): Promise<Answered> {
  const newest = machines.toSorted((a, b) => b.scannedAt.localeCompare(a.scannedAt))[0]
  if (newest === undefined) {
    const scan = all[0]
    return {
      kind: 'not-collected',
      why: `only a port scan looked at it (${scan?.source ?? ''}, ${day(scan?.scannedAt)}): it looks for no weaknesses`,
      query,
    }
  }
  const scanned = `last scanned ${day(newest.scannedAt)} by ${newest.source}`
  const days = ageDays(newest.scannedAt, at) ?? 0
  if (days > scanStaleDays)
    return {
      kind: 'not-collected',
      why: `${scanned}, ${days} days before: too old to say that it is not vulnerable`,
      query,
    }
  const how = newest.byLogin === false ? ', from outside, without signing in' : ''
  if (cve === null) return { kind: 'nothing', query: `${query}: ${scanned}${how}` }
  const why = await tooEarly(lookups, machines, newest, cve)
  return why === null
    ? { kind: 'nothing', query: `${query}: ${scanned}${how}` }
    : { kind: 'not-collected', why: `${scanned}${how}: ${why}`, query }
}

/** Why this scan could not know the CVE yet; null: it could. */
async function tooEarly(
  lookups: ScanLookups,
  machines: readonly ScannedMachine[],
  newest: ScannedMachine,
  cve: string,
): Promise<string | null> {
  const published = (await lookups.knowledge([cve])).get(cve)?.publishedAt ?? null
  if (published !== null && newest.scannedAt < published) return `${cve} was published after that, on ${day(published)}`
  const year = Number(cve.slice(4, 8))
  // The number is given out in its year or before publication in a later one, never earlier.
  if (new Date(newest.scannedAt).getUTCFullYear() < year) return `${cve} did not exist then`
  const scanners = [...new Set(machines.map(({ scanner }) => scanner))]
  if (await lookups.isTestedFor(scanners, cve)) return null
  const since =
    published === null
      ? new Date(newest.scannedAt).getUTCFullYear() > year
      : (ageDays(published, new Date(newest.scannedAt)) ?? 0) >= testedAfterDays
  return since
    ? null
    : `${cve} is new, and no report names it on any machine: it is not known whether the scanner tests for it`
}

function day(at: string | undefined): string {
  return at?.slice(0, 10) ?? ''
}

async function health(lookups: ScanLookups, { clock }: AskContext): Promise<Health> {
  const last = await lookups.lastScan()
  if (last === null)
    return { state: 'not-configured', says: "No scanner's report was ever imported.", lastSuccess: null }
  const days = ageDays(last.scannedAt, clock.now()) ?? 0
  const says = `The newest scan is ${days} days old.`
  return {
    state: days > scanStaleDays ? 'warning' : 'active',
    says,
    lastSuccess: last.importedAt,
    newest: last.scannedAt,
  }
}
