import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { Step } from '../../model/playbook.ts'
import { loadLibrary, validatePlaybook } from '../load.ts'
import { exportCacao } from './export.ts'
import { importCacao, roundsMax } from './import.ts'

const at = new Date('2026-11-20T10:00:00.000Z')
const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const ids = {
  start: `start--${uuid(1)}`,
  end: `end--${uuid(2)}`,
  a: `action--${uuid(3)}`,
  b: `action--${uuid(4)}`,
  if: `if-condition--${uuid(5)}`,
  while: `while-condition--${uuid(6)}`,
  switch: `switch-condition--${uuid(7)}`,
  parallel: `parallel--${uuid(8)}`,
  end2: `end--${uuid(9)}`,
  end3: `end--${uuid(10)}`,
  call: `playbook-action--${uuid(11)}`,
}
const action = (name: string, more: object) => ({
  type: 'action',
  name,
  commands: [{ type: 'manual', command: `Do ${name}` }],
  agent: `group--${uuid(99)}`,
  ...more,
})

function documentOf(workflow: Record<string, object>, more: object = {}): string {
  return JSON.stringify({
    ...{ type: 'playbook', spec_version: 'cacao-2.0', id: `playbook--${uuid(0)}`, name: 'Made up' },
    ...{ created_by: `identity--${uuid(98)}`, created: at.toISOString(), modified: at.toISOString() },
    ...{ workflow_start: ids.start, workflow: { [ids.end]: { type: 'end' }, ...workflow } },
    ...more,
  })
}
const start = (to: string) => ({ [ids.start]: { type: 'start', on_completion: to } })

/** Kinds and titles of the steps, those inside a branch in brackets. */
const shape = (steps: readonly Step[]): string =>
  steps
    .map((step) =>
      step.step === 'branch' ? `[${step.branches.map((branch) => shape(branch.steps)).join(' | ')}]` : step.title,
    )
    .join(', ')

const says = (text: string): string => {
  try {
    importCacao(text)
    return 'taken'
  } catch (error) {
    return String((error as { details: { fields: { cacao: string } } }).details.fields.cacao)
  }
}

test('a command that we could not be trusted to run is shown to a person and never run', () => {
  const commands = [
    { type: 'bash', command: 'rm -rf / # {{ alert.host }}' },
    { type: 'openc2-http', command: 'POST /deny', content_b64: Buffer.from('{"action":"deny"}').toString('base64') },
    { type: 'manual', command: 'Call __who__', playbook_activity: 'restrict-access' },
  ]
  const text = documentOf(
    { ...start(ids.a), [ids.a]: action('Stop it', { commands, on_completion: ids.end }) },
    { playbook_variables: { __who__: { type: 'string', value: 'the plant', description: 'who is asked' } } },
  )
  const playbook = importCacao(text)
  expect(playbook).toMatchObject({ on: 'manual', id: 'cacao-made-up-00000000', version: 20261120, priority: 50 })
  expect(playbook.steps).toEqual([
    {
      ...{ id: 'action-000000000003', title: 'Stop it', step: 'checklist', expires: '7d' },
      ...{ csf: 'RS.MI-01', phase: 'containment' },
      items: [
        { id: 'item-1', text: 'Stop it', command: { kind: 'bash', text: 'rm -rf / # {{ alert.host }}' } },
        { id: 'item-2', text: 'Stop it', command: { kind: 'openc2-http', text: 'POST /deny\n{"action":"deny"}' } },
        { id: 'item-3', text: 'Call __who__', why: '__who__ is the plant (who is asked).' },
      ],
    },
  ])
  expect(validatePlaybook(stringify(playbook)).issues).toEqual([])
})

test('conditions, cases, outcomes, loops and what is parallel become questions to a person, and a loop has a bound', () => {
  const playbook = importCacao(
    documentOf({
      ...start(ids.if),
      [ids.if]: {
        type: 'if-condition',
        name: 'Bad?',
        condition: "__x__:value = 'bad'",
        on_true: ids.switch,
        on_false: ids.end2,
        on_completion: ids.parallel,
      },
      [ids.switch]: {
        type: 'switch-condition',
        name: 'Which?',
        switch: '__y__:value',
        cases: { one: ids.a, default: ids.end2 },
        on_completion: ids.end2,
      },
      [ids.a]: action('A', { on_success: ids.end3, on_failure: ids.b }),
      [ids.b]: action('B', { on_completion: ids.end3 }),
      [ids.parallel]: { type: 'parallel', next_steps: [ids.while, ids.call], on_completion: ids.end },
      [ids.while]: {
        type: 'while-condition',
        name: 'Still?',
        condition: '__z__:value > 1',
        on_true: ids.b,
        on_completion: ids.end2,
      },
      [ids.call]: {
        type: 'playbook-action',
        name: 'Other',
        playbook_id: `playbook--${uuid(77)}`,
        on_completion: ids.end2,
      },
      [ids.end2]: { type: 'end' },
      [ids.end3]: { type: 'end' },
    }),
  )
  const rounds = Array.from({ length: roundsMax }, (_, n) => `Still? (round ${n + 1} of ${roundsMax}), [B`).join(', ')
  expect(shape(playbook.steps)).toBe(`Bad?, [Which?, [A, [ | B] | ] | ], ${rounds}${']'.repeat(roundsMax)}, Other`)
  expect(validatePlaybook(stringify(playbook)).issues).toEqual([])
})

const whole = (more: Record<string, object>) =>
  documentOf({ ...start(ids.a), [ids.a]: action('A', { on_completion: ids.b }), ...more })
test.each([
  [
    'a way that leads to no step',
    whole({}),
    `step "A" (${ids.a}): on_completion names ${ids.b}, which is not in the workflow`,
  ],
  [
    'a step nothing leads to',
    documentOf({
      ...start(ids.a),
      [ids.a]: action('A', { on_completion: ids.end }),
      [ids.b]: action('B', { on_completion: ids.end }),
    }),
    `step "B" (${ids.b}) is never reached`,
  ],
  [
    'a way back',
    whole({ [ids.b]: action('B', { on_completion: ids.a }) }),
    `step "A" (${ids.a}) is part of an endless loop`,
  ],
  [
    'a loop that always holds',
    documentOf({
      ...start(ids.while),
      [ids.while]: {
        type: 'while-condition',
        name: 'Ever',
        condition: '1 = 1',
        on_true: ids.a,
        on_completion: ids.end,
      },
      [ids.a]: action('A', { on_completion: ids.end }),
    }),
    `step "Ever" (${ids.while}) loops without a bound`,
  ],
  [
    'a loop whose inside leads back to it',
    documentOf({
      ...start(ids.while),
      [ids.while]: {
        type: 'while-condition',
        name: 'Back',
        condition: '__x__:value > 1',
        on_true: ids.a,
        on_completion: ids.end,
      },
      [ids.a]: action('A', { on_completion: ids.while }),
    }),
    `step "Back" (${ids.while}) is part of an endless loop`,
  ],
  [
    'no start',
    documentOf({ [ids.a]: action('A', { on_completion: ids.end }) }),
    `workflow_start names ${ids.start}, which is not in the workflow`,
  ],
  [
    'a step that leads nowhere',
    whole({ [ids.b]: action('B', {}) }),
    `step "B" (${ids.b}) leads nowhere and is no end step`,
  ],
  ['another version', documentOf({}).replace('cacao-2.0', 'cacao-1.1'), 'spec_version: '],
  ['no JSON', '{', 'this is not JSON'],
])('refused with the step named: %s', (_name, text, expected) => {
  expect(says(text)).toContain(expected)
})

test('ways that meet and part again and again are refused before they fill the memory', () => {
  const step = (n: number) => `if-condition--${uuid(100 + n)}`
  const diamonds = Object.fromEntries(
    Array.from({ length: 60 }, (_, n) => [
      step(n),
      {
        type: 'if-condition',
        condition: 'x',
        on_true: n === 59 ? ids.end : step(n + 1),
        on_false: n === 59 ? ids.end : step(n + 1),
        on_completion: ids.end,
      },
    ]),
  )
  expect(says(documentOf({ ...start(step(0)), ...diamonds }))).toContain('comes to more than 300 steps')
})

const plain = fc.jsonValue({ maxDepth: 2 })
test('export(import(x)) is x, byte for byte: fields and extensions that we do not know are kept', () => {
  const known = new Set(Object.keys(JSON.parse(documentOf({})) as object))
  fc.assert(
    fc.property(
      fc.dictionary(
        fc
          .string({ minLength: 1 })
          .filter(
            (name) =>
              !known.has(name) &&
              !/^(priority|description|playbook_|workflow|agent_|target_)/.test(name) &&
              name !== '__proto__',
          ),
        plain,
      ),
      fc.dictionary(
        fc.string({ minLength: 1 }).map((name) => `x_${name}`),
        plain,
      ),
      fc.constantFrom(0, 1, 2),
      fc.string(),
      (top, inStep, indent, word) => {
        const made = documentOf(
          { ...start(ids.a), [ids.a]: { ...action(word, { on_completion: ids.end }), ...inStep } },
          top,
        )
        // Numbers that JavaScript would round, and any layout.
        const text = JSON.stringify(JSON.parse(made), null, indent).replace(
          '"cacao-2.0"',
          '"cacao-2.0","x_big":12345678901234567890.10',
        )
        const playbook = importCacao(text)
        expect(exportCacao(playbook, at)).toBe(text)
        expect(validatePlaybook(stringify(playbook)).issues).toEqual([])
      },
    ),
    { numRuns: 100 },
  )
})

test('one that was changed after its import goes out as ours, derived from the other, with what we do not read', () => {
  const text = documentOf(
    { ...start(ids.a), [ids.a]: action('A', { on_completion: ids.end }) },
    { x_unknown: { deep: [1] }, labels: ['theirs'] },
  )
  const changed = { ...importCacao(text), title: 'Ours now' }
  const out = JSON.parse(exportCacao(changed, at)) as Record<string, unknown>
  expect(out).toMatchObject({ name: 'Ours now', derived_from: [`playbook--${uuid(0)}`], x_unknown: { deep: [1] } })
  expect(out['id']).not.toBe(`playbook--${uuid(0)}`)
})

const library = await loadLibrary(['content/playbooks'])
test.each(library.all.map((playbook) => [playbook.id, playbook] as const))(
  '%s goes out and comes back whole',
  (_id, playbook) => {
    const text = exportCacao(playbook, at)
    const { cacao, ...back } = importCacao(text)
    expect(back).toEqual(playbook)
    expect(exportCacao({ ...back, cacao: cacao ?? '' }, new Date())).toBe(text)
    // The same playbook has the same ids, whoever writes it when.
    expect(exportCacao(playbook, at)).toBe(text)
  },
)

test('what hides in our extension counts for nothing when the steps that everybody sees are others', () => {
  const [one, two] = ['malware-on-host', 'unread'].map((id) => library.byId(id))
  if (one === undefined || two === undefined) throw new Error('the playbooks are not there')
  const shown = JSON.parse(exportCacao(one, at)) as Record<string, unknown>
  const hidden = JSON.parse(exportCacao(two, at)) as Record<string, unknown>
  const came = importCacao(JSON.stringify({ ...shown, playbook_extensions: hidden['playbook_extensions'] }))
  expect(came.id).toMatch(/^cacao-/)
  expect(came.on).toBe('manual')
  expect(shape(came.steps)).toContain('Contain it')
})
