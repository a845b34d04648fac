import { z } from 'zod'
import { Level } from '../model/question.ts'
import { CveId, Feed, Scanner, VexStatus, VulnerabilitySeverity } from '../model/vulnerability.ts'
import { Done, endpoint } from './endpoint.ts'

const when = z.iso.datetime()
const day = z.iso.date()
const short = z.string().trim().max(200)

/** By when it has to be gone. Two days where something is not known: one that is certain, and the earliest it could be. */
const DueView = z.object({
  certainBy: day.nullable(),
  earliestBy: day.nullable(),
  certain: z.string(),
  earliest: z.string(),
  unknown: z.array(z.string()),
})
export type DueView = z.infer<typeof DueView>

export const VulnerabilityQuery = z.object({
  q: short.default('').describe('A CVE, or part of a title'),
  severity: VulnerabilitySeverity.or(z.literal('')).default('').describe('At least so bad'),
  due: z.enum(['', 'overdue', 'week', 'month', 'dated']).default('').describe('Certainly due by then'),
  kev: z.enum(['', 'yes']).default('').describe('Known to be exploited'),
  exposed: z.enum(['', 'yes']).default('').describe('On a machine that faces the internet'),
  criticality: Level.or(z.literal('')).default('').describe('On a machine at least so critical'),
  after: z.string().max(60).default('').describe('What `next` of the page before said'),
})
export type VulnerabilityQuery = z.infer<typeof VulnerabilityQuery>

export const VulnerabilityRow = z.object({
  checkId: z.int(),
  scanner: Scanner,
  title: z.string(),
  severity: VulnerabilitySeverity,
  score: z.number().nullable(),
  cves: z.array(z.string()),
  hosts: z.int(),
  exposedHosts: z.int(),
  clearedHosts: z
    .int()
    .describe(
      'Of the machines, those where the vendor says for certain that it is not affected or fixed: they set no date',
    ),
  criticality: Level.nullable(),
  kevAdded: day.nullable(),
  epss: z.number().nullable(),
  firstSeen: when,
  due: DueView.nullable(),
})
export type VulnerabilityRow = z.infer<typeof VulnerabilityRow>

export const FeedView = z.object({
  feed: Feed,
  version: z.string().nullable(),
  model: z.string().nullable(),
  releasedAt: when.nullable(),
  rows: z.int(),
  importedAt: when,
})
export type FeedView = z.infer<typeof FeedView>

export const ScanSourceView = z.object({
  source: z.string(),
  scanner: Scanner,
  hosts: z.int(),
  scannedAt: when.nullable(),
  importedAt: when,
  reports: z.int(),
})
export type ScanSourceView = z.infer<typeof ScanSourceView>

/** What a vendor says of a finding here, and whether that counts. */
export const VendorWordView = z.object({
  status: VexStatus,
  applies: z.boolean().describe('It counts: it is certain that it speaks of this software on this machine'),
  because: z.string(),
  publisher: z.string(),
  document: z.string(),
  product: z.string(),
  releasedAt: when,
  justification: z.string().nullable(),
  detail: z.string(),
})
export type VendorWordView = z.infer<typeof VendorWordView>

export const MachineFinding = z.object({
  hostId: z.int(),
  host: z.string(),
  asset: z.string().nullable(),
  source: z.string(),
  exposed: z.boolean().nullable(),
  criticality: Level.nullable(),
  check: z.string(),
  title: z.string(),
  severity: VulnerabilitySeverity,
  score: z.number().nullable(),
  cves: z.array(z.string()),
  port: z.int(),
  protocol: z.string(),
  fix: z.string().nullable(),
  firstSeen: when,
  lastSeen: when,
  fixedAt: when.nullable(),
  reopened: z.int(),
  due: DueView.nullable(),
  vendor: VendorWordView.nullable(),
})
export type MachineFinding = z.infer<typeof MachineFinding>

export const WordRow = z.object({
  id: z.uuid(),
  cve: z.string(),
  host: z.string().nullable(),
  status: z.enum(['not-affected', 'accepted']),
  justification: z.string().nullable(),
  reason: z.string(),
  until: when.nullable(),
  by: z.string(),
  at: when,
  withdrawnAt: when.nullable(),
})
export type WordRow = z.infer<typeof WordRow>

export const VexRow = z.object({
  publisher: z.string(),
  document: z.string(),
  title: z.string(),
  releasedAt: when,
  product: z.string(),
  status: VexStatus,
  justification: z.string().nullable(),
  detail: z.string(),
})
export type VexRow = z.infer<typeof VexRow>

export const CvePage = z.object({
  cve: z.string(),
  known: z
    .object({
      title: z.string().nullable(),
      publishedAt: when.nullable(),
      cvss: z.string().nullable(),
      score: z.number().nullable(),
      scoreVersion: z.string().nullable(),
      kevAdded: day.nullable(),
      kevAction: z.string().nullable(),
      kevRansomware: z.boolean().nullable(),
      epss: z.number().nullable(),
      epssPercentile: z.number().nullable(),
      exploitation: z.string().nullable(),
      automatable: z.boolean().nullable(),
      impact: z.string().nullable(),
    })
    .nullable(),
  found: z.array(MachineFinding),
  more: z.boolean(),
  vex: z.array(VexRow),
  words: z.array(WordRow),
  feeds: z.array(FeedView),
})
export type CvePage = z.infer<typeof CvePage>

export const MachinePage = z.object({
  name: z.string(),
  machines: z.array(
    z.object({
      source: z.string(),
      key: z.string(),
      scannedAt: when,
      byLogin: z.boolean().nullable(),
      lookedFor: z.enum(['vulnerabilities', 'ports']),
      matchedBy: z.enum(['name', 'address']),
    }),
  ),
  found: z.array(MachineFinding),
  more: z.boolean(),
})
export type MachinePage = z.infer<typeof MachinePage>

const Word = z
  .object({
    cve: CveId,
    host: short.min(1).nullable().describe('Name or address; null: everywhere'),
    status: z.enum(['not-affected', 'accepted']),
    justification: short.nullable().default(null),
    reason: z.string().trim().min(1).max(2_000),
    until: when.nullable().default(null),
  })
  .refine(({ status, until }) => status === 'not-affected' || until !== null, {
    path: ['until'],
    error: 'a risk is accepted until a day, not for ever',
  })

export const vulnerabilitiesApi = {
  'GET /api/vulnerabilities': endpoint({
    permission: 'house.see',
    says: 'What is open, a row for each check, the soonest due first',
    query: VulnerabilityQuery,
    answer: z.object({ rows: z.array(VulnerabilityRow), next: z.string().nullable(), countedAt: when.nullable() }),
  }),
  'GET /api/vulnerabilities/sources': endpoint({
    permission: 'house.see',
    says: 'Scan programmes and sources of knowledge, with their age',
    answer: z.object({ scans: z.array(ScanSourceView), feeds: z.array(FeedView) }),
  }),
  'GET /api/vulnerabilities/cves/:cve': endpoint({
    permission: 'house.see',
    says: 'What is known about a CVE, and on which machines it is',
    params: z.object({ cve: CveId }),
    answer: CvePage,
  }),
  'GET /api/vulnerabilities/machines/:name': endpoint({
    permission: 'house.see',
    says: 'What reports found on a machine, by its name or address',
    params: z.object({ name: z.string().min(1).max(253) }),
    answer: MachinePage,
  }),
  'POST /api/vulnerabilities/words': endpoint({
    permission: 'context.edit',
    says: 'Say that a CVE does not affect us, or that we live with it until a day; on one machine, or everywhere',
    body: Word,
    answer: z.object({ id: z.uuid() }),
  }),
  'DELETE /api/vulnerabilities/words/:id': endpoint({
    permission: 'context.edit',
    says: 'Take such a word back; it stays in the record',
    params: z.object({ id: z.uuid() }),
    answer: Done,
  }),
} as const
