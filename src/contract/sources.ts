import { z } from 'zod'
import { SourceKind } from '../model/source-watch.ts'
import { Done, endpoint } from './endpoint.ts'

const when = z.iso.datetime()
/** A quarter of a year; what speaks less often is watched by nobody. */
export const silentAfterMinutesMax = 129_600

export const SourceRow = z.object({
  id: z.string(),
  kind: SourceKind,
  title: z.string(),
  sign: z.string().describe('What counts as a sign of life'),
  lastAt: when.nullable(),
  limitMinutes: z.int().nullable().describe('null: nobody watches it'),
  silentSince: when.nullable(),
  proposed: z
    .object({ minutes: z.int(), usualLongest: z.int() })
    .nullable()
    .describe('A limit that its own history suggests, from the longest usual wait; null: too little is known'),
  waits: z.int().describe('How many waits, or days, of its history are known'),
  volume: z
    .object({
      of: z.enum(['messages', 'lines', 'questions']),
      today: z.number().describe('So far, by UTC'),
      usual: z.number().nullable().describe('Median a day of the 14 days before; null: fewer than 3 days are known'),
    })
    .nullable()
    .describe('null: nobody counts it'),
  lagSeconds: z
    .number()
    .nullable()
    .describe(
      'From its own clock to being here: of messages the median of the last 50, of lines that of the newest; below 0: its clock is ahead. null: not measured',
    ),
})
export type SourceRow = z.infer<typeof SourceRow>

export const sourcesApi = {
  'GET /api/sources': endpoint({
    permission: 'house.see',
    says: 'Everything that may fall silent: providers, doors, log sources, connectors and feeds, each with its limit and its rhythm',
    answer: z.object({
      sources: z.array(SourceRow),
      away: z.array(z.string()).describe('What could not be asked; its sources are missing here'),
    }),
  }),
  'PUT /api/sources/watch': endpoint({
    permission: 'setting.change',
    says: 'After how many minutes without a sign of life a source is called silent; null: never. Connectors count in hours',
    body: z.object({
      source: z.string().max(300),
      silentAfterMinutes: z.int().min(1).max(silentAfterMinutesMax).nullable(),
    }),
    answer: Done,
  }),
} as const
