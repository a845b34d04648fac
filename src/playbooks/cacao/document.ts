import { z } from 'zod'
import { Trouble, wordsOf } from '../../kit/errors.ts'
import { cacaoCharsMax } from '../../model/playbook.ts'

/*
 * CACAO Security Playbooks 2.0 (OASIS Committee Specification 01, 27 November 2023), as far as we read it. Everything else of a document is
 * kept with it as it came.
 */
const Id = z.string().max(200)
const Command = z.looseObject({
  type: z.string().max(100),
  command: z.string().optional(),
  command_b64: z.string().optional(),
  content: z.string().optional(),
  content_b64: z.string().optional(),
  headers: z.record(z.string(), z.unknown()).optional(),
  description: z.string().optional(),
  playbook_activity: z.string().optional(),
})
const Variable = z.looseObject({ value: z.string().nullable().optional(), description: z.string().optional() })

export const CacaoStep = z.looseObject({
  type: z.enum([
    ...(['start', 'end', 'action', 'playbook-action'] as const),
    ...(['parallel', 'if-condition', 'while-condition', 'switch-condition'] as const),
  ]),
  name: z.string().optional(),
  description: z.string().optional(),
  on_completion: Id.optional(),
  on_success: Id.optional(),
  on_failure: Id.optional(),
  commands: z.array(Command).max(200).optional(),
  agent: Id.optional(),
  targets: z.array(Id).optional(),
  condition: z.string().optional(),
  on_true: Id.optional(),
  on_false: Id.optional(),
  switch: z.string().optional(),
  cases: z.record(z.string(), Id).optional(),
  next_steps: z.array(Id).optional(),
  playbook_id: Id.optional(),
  step_variables: z.record(z.string(), Variable).optional(),
})
export type CacaoStep = z.infer<typeof CacaoStep>

const Named = z.looseObject({ name: z.string().optional(), type: z.string().optional() })

export const CacaoPlaybook = z.looseObject({
  type: z.literal('playbook'),
  spec_version: z.literal('cacao-2.0'),
  id: z.string().regex(/^playbook--[0-9a-f-]{36}$/i),
  name: z.string().min(1),
  description: z.string().optional(),
  created: z.string(),
  modified: z.string(),
  priority: z.int().min(0).max(100).optional(),
  playbook_types: z.array(z.string()).optional(),
  playbook_variables: z.record(z.string(), Variable).optional(),
  workflow_start: Id,
  workflow_exception: Id.optional(),
  workflow: z.record(z.string(), CacaoStep),
  agent_definitions: z.record(z.string(), Named).optional(),
  target_definitions: z.record(z.string(), Named).optional(),
  playbook_extensions: z.record(z.string(), z.unknown()).optional(),
})
export type CacaoPlaybook = z.infer<typeof CacaoPlaybook>

/** Steps of one document; those in the field have 30. */
const stepsMax = 500

/** What is wrong with a document, as a person reads it; the step is named. */
export function refused(says: string): Trouble {
  return new Trouble('input.invalid', { fields: { cacao: says } })
}

/** A document out of its text. Throws Trouble('input.invalid') that names the place. */
export function readDocument(text: string): CacaoPlaybook {
  if (text.length > cacaoCharsMax) throw refused(`longer than ${cacaoCharsMax} characters`)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw refused(`this is not JSON: ${wordsOf(error)}`)
  }
  const parsed = CacaoPlaybook.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw refused(`${issue?.path.map(String).join('.') || 'the document'}: ${issue?.message ?? 'not valid'}`)
  }
  if (Object.keys(parsed.data.workflow).length > stepsMax) throw refused(`more than ${stepsMax} steps`)
  return parsed.data
}

/** "Isolate it" (action--...): how a step is named to a person. */
export function nameOf(id: string, step: CacaoStep | undefined): string {
  return step?.name === undefined || step.name === '' ? id : `"${step.name}" (${id})`
}

/** Where a step leads, and by which word. */
export function leadsTo(step: CacaoStep): readonly (readonly [word: string, id: string])[] {
  const words = ['on_completion', 'on_success', 'on_failure', 'on_true', 'on_false'] as const
  return [
    ...words.flatMap((word) => (step[word] === undefined ? [] : [[word, step[word]] as const])),
    ...Object.entries(step.cases ?? {}).map(([name, id]) => [`case "${name}"`, id] as const),
    ...(step.next_steps ?? []).map((id) => ['next_steps', id] as const),
  ]
}
