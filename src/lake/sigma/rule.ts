import { z } from 'zod'

/**
 * The three kinds of documents of Sigma 2.1.0 (rules, correlations, filters), as far as a program acts on them. Attributes that only
 * people read are checked for their type and kept; attributes that the specification does not name are let through, as it demands.
 */

const text = z.string().max(65_535)
const words = z.union([text, z.array(text)])

export const levels = ['informational', 'low', 'medium', 'high', 'critical'] as const
export const Level = z.enum(levels)
export type Level = z.infer<typeof Level>

export const RuleSource = z.looseObject({
  category: text.optional(),
  product: text.optional(),
  service: text.optional(),
})
export type RuleSource = z.infer<typeof RuleSource>

const named = {
  title: z.string().min(1).max(256),
  id: z.string().max(256).optional(),
  name: z.string().max(256).optional(),
  status: z.enum(['stable', 'test', 'experimental', 'deprecated', 'unsupported']).nullish(),
  description: text.nullish(),
  author: words.nullish(),
  references: words.nullish(),
  date: text.nullish(),
  modified: text.nullish(),
  tags: z.array(text).nullish(),
  falsepositives: words.nullish(),
  level: Level.nullish(),
  taxonomy: text.nullish(),
}

/** Search identifiers with what they look for, and the condition that joins them; read by detection.ts. */
const Detection = z.looseObject({ condition: z.union([z.string(), z.array(z.string()).min(1)]) })

export const SigmaRule = z.looseObject({
  ...named,
  logsource: RuleSource.refine(
    ({ category, product, service }) => [category, product, service].some((word) => word !== undefined),
    'names neither category nor product nor service',
  ),
  detection: Detection,
  fields: z.array(text).nullish(),
})
export type SigmaRule = z.infer<typeof SigmaRule>

export const correlationTypes = [
  'event_count',
  'value_count',
  'temporal',
  'temporal_ordered',
  'value_sum',
  'value_avg',
  'value_percentile',
] as const

const Threshold = z.strictObject({
  field: words.optional(),
  gt: z.number().optional(),
  gte: z.number().optional(),
  lt: z.number().optional(),
  lte: z.number().optional(),
  eq: z.number().optional(),
  neq: z.number().optional(),
})
export type Threshold = z.infer<typeof Threshold>

export const SigmaCorrelation = z.looseObject({
  ...named,
  correlation: z.looseObject({
    type: z.enum(correlationTypes),
    rules: z.union([z.string(), z.array(z.string()).min(1).max(100)]),
    'group-by': z.union([z.string(), z.array(z.string()).max(20)]).nullish(),
    timespan: z.string().regex(/^\d{1,6}[smhdwMy]$/, 'is no number with a letter after it (s, m, h, d, w, M, y)'),
    condition: Threshold.nullish(),
    aliases: z.record(z.string(), z.record(z.string(), z.string())).nullish(),
    generate: z.boolean().nullish(),
  }),
  generate: z.boolean().nullish(),
})
export type SigmaCorrelation = z.infer<typeof SigmaCorrelation>

export const SigmaFilter = z.looseObject({
  ...named,
  logsource: RuleSource,
  filter: z.looseObject({
    rules: z.union([z.string(), z.array(z.string()).min(1)]),
    condition: z.string(),
  }),
})
export type SigmaFilter = z.infer<typeof SigmaFilter>

/** Where a document stands: the file, which of its documents (from 1), and the line that it begins on. */
export type RulePlace = { readonly file: string; readonly document: number; readonly line: number }

export type SigmaDocument =
  | { readonly kind: 'rule'; readonly at: RulePlace; readonly rule: SigmaRule }
  | { readonly kind: 'correlation'; readonly at: RulePlace; readonly rule: SigmaCorrelation }
  | { readonly kind: 'filter'; readonly at: RulePlace; readonly rule: SigmaFilter }

/** A file or document that cannot be used, in words that name the place. */
export type RuleFault = { readonly file: string; readonly why: string }

/** Thrown inside this folder only: what is wrong with a rule, in words for its author. `compileRules` makes a RuleFault of it. */
export class RuleProblem extends Error {}
