import { z } from 'zod'
import { CalendarEntry } from '../model/calendar.ts'
import { Asset, Lease, Network, Person } from '../model/context.ts'
import { NotePast } from '../model/note.ts'
import { Level } from '../model/question.ts'
import { Outcome } from '../model/triage.ts'
import { Done, endpoint } from './endpoint.ts'

const when = z.iso.datetime()
const short = z.string().trim().max(200)
const entity = z.object({ id: z.string().min(1).max(500) })

/** One fact of an asset or person: the value that counts, and what each source says (model/merged-facts.ts). */
export const FactView = z.object({
  field: z.string(),
  value: z.unknown(),
  source: z.string().nullable(),
  asOf: when.nullable(),
  says: z.array(z.object({ source: z.string(), asOf: when, value: z.unknown() })),
  conflict: z.boolean(),
})
export type FactView = z.infer<typeof FactView>

/** A change that a person made. */
export const EditRow = z.object({
  field: z.string(),
  before: z.unknown(),
  after: z.unknown(),
  givenBack: z.boolean(),
  note: z.string(),
  by: z.string(),
  at: when,
})
export type EditRow = z.infer<typeof EditRow>

const described = {
  entity: z.string(),
  source: z.string(),
  asOf: when,
  sources: z.array(z.string()),
}

export const AssetQuery = z.object({
  q: short.default('').describe('Part of a name, owner, role...; an address; a range'),
  source: short.default(''),
  criticality: Level.or(z.literal('')).default(''),
  site: short.default(''),
  after: z.string().max(500).default('').describe('The last entity of the page before'),
})
export type AssetQuery = z.infer<typeof AssetQuery>

export const AssetRow = z.object({ ...described, asset: Asset, conflicts: z.int() })
export type AssetRow = z.infer<typeof AssetRow>

export const PastAlertRow = z.object({
  id: z.uuid(),
  number: z.int(),
  title: z.string(),
  receivedAt: when,
  outcome: Outcome.nullable(),
})
export type PastAlertRow = z.infer<typeof PastAlertRow>

const LeaseRow = Lease.extend({ source: z.string() })
export type LeaseRow = z.infer<typeof LeaseRow>

/** What people of ours wrote about it, and the names that a note can be about. */
const noted = { noteNames: z.array(z.string()), notes: z.array(NotePast) }

export const AssetPage = z.object({
  ...described,
  asset: Asset,
  facts: z.array(FactView),
  precedence: z.array(z.string()),
  leases: z.array(LeaseRow),
  edits: z.array(EditRow),
  alerts: z.array(PastAlertRow),
  ...noted,
})
export type AssetPage = z.infer<typeof AssetPage>

export const PersonRow = z.object({
  ...described,
  person: Person,
  conflicts: z.int(),
  away: z.object({ to: when, deputy: z.string().nullable() }).nullable(),
})
export type PersonRow = z.infer<typeof PersonRow>

export const PersonPage = z.object({
  ...described,
  person: Person,
  facts: z.array(FactView),
  precedence: z.array(z.string()),
  edits: z.array(EditRow),
  assets: z.array(z.object({ entity: z.string(), name: z.string(), role: z.string().nullable() })),
  absences: z.array(CalendarEntry),
  ...noted,
})
export type PersonPage = z.infer<typeof PersonPage>

const Edit = z.object({
  field: z.string().min(1).max(50),
  /** Left out: the fact is given back to the sources. null: it is known that there is none. */
  value: z.unknown().optional(),
  note: z.string().trim().max(1_000).default(''),
})

const sourceName = z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,99}$/u)
const Put = {
  source: sourceName.default('api'),
  asOf: when.optional().describe('When this was true; now when left out'),
}

export const NetworkRow = z.object({ network: Network, source: z.string(), asOf: when, assets: z.int().nullable() })
export type NetworkRow = z.infer<typeof NetworkRow>

export const CalendarRow = CalendarEntry.extend({ key: z.string(), source: z.string() })
export type CalendarRow = z.infer<typeof CalendarRow>

export const contextApi = {
  'GET /api/assets': endpoint({
    permission: 'house.see',
    says: 'Assets, all sources together; a filter matches what any source says',
    query: AssetQuery,
    answer: z.object({ rows: z.array(AssetRow), next: z.string().nullable(), sources: z.array(z.string()) }),
  }),
  'GET /api/assets/:id': endpoint({
    permission: 'house.see',
    says: 'An asset: each fact with source and age, addresses over time, changes by hand, past alerts',
    params: entity,
    answer: AssetPage,
  }),
  'PUT /api/assets/:id': endpoint({
    permission: 'context.import',
    says: 'What one source says of one asset, by its id in that source, in place of what it said before',
    params: entity,
    body: Asset.omit({ id: true }).extend(Put),
    answer: z.object({ entity: z.string() }),
  }),
  'PATCH /api/assets/:id': endpoint({
    permission: 'context.edit',
    says: 'Set a fact by hand, which then beats every source, or give it back',
    params: entity,
    body: Edit,
    answer: Done,
  }),
  'GET /api/people': endpoint({
    permission: 'house.see',
    says: 'People, all sources together',
    query: z.object({ q: short.default(''), after: z.string().max(500).default('') }),
    answer: z.object({ rows: z.array(PersonRow), next: z.string().nullable() }),
  }),
  'GET /api/people/:id': endpoint({
    permission: 'house.see',
    says: 'A person: each fact with source and age, their assets, absences, changes by hand',
    params: entity,
    answer: PersonPage,
  }),
  'PUT /api/people/:id': endpoint({
    permission: 'context.import',
    says: 'What one source says of one person, by their id in that source',
    params: entity,
    body: Person.omit({ id: true }).extend(Put),
    answer: z.object({ entity: z.string() }),
  }),
  'PATCH /api/people/:id': endpoint({
    permission: 'context.edit',
    says: 'Set a fact by hand, or give it back',
    params: entity,
    body: Edit,
    answer: Done,
  }),
  'GET /api/networks': endpoint({
    permission: 'house.see',
    says: 'Our own ranges, and the sites that lists name',
    answer: z.object({
      networks: z.array(NetworkRow),
      sites: z.array(z.object({ site: z.string(), assets: z.int(), networks: z.int() })),
      more: z.boolean(),
    }),
  }),
  'GET /api/source-precedence': endpoint({
    permission: 'house.see',
    says: 'Which source counts first, and which sources there are',
    answer: z.object({ precedence: z.array(z.string()), sources: z.array(z.string()) }),
  }),
  'PUT /api/source-precedence': endpoint({
    permission: 'context.import',
    says: 'Set the order in which sources count; those not named come after, the freshest first',
    body: z.object({ precedence: z.array(z.string().max(100)).max(100) }),
    answer: Done,
  }),
  'GET /api/calendar': endpoint({
    permission: 'house.see',
    says: 'What is planned between two moments',
    query: z.object({ from: when, to: when }),
    answer: z.object({ entries: z.array(CalendarRow), more: z.boolean() }),
  }),
  'PUT /api/calendar/:id': endpoint({
    permission: 'context.edit',
    says: 'Enter something planned by hand, or change what was entered by hand',
    params: z.object({ id: z.string().regex(/^[\w.-]{1,100}$/) }),
    body: CalendarEntry.omit({ id: true }),
    answer: Done,
  }),
  'DELETE /api/calendar/:id': endpoint({
    permission: 'context.edit',
    says: 'Take back what was entered by hand',
    params: z.object({ id: z.string().regex(/^[\w.-]{1,100}$/) }),
    answer: Done,
  }),
} as const
