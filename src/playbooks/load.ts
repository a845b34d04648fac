import { readFile } from 'node:fs/promises'
import { parseDocument, visit } from 'yaml'
import type { z } from 'zod'
import { Trouble } from '../kit/errors.ts'
import { type Issue, type Place, type Report, readYamlDocument } from '../kit/yaml-document.ts'
import { yamlFilesOf } from '../kit/yaml-files.ts'
import { cacaoCharsMax, Playbook, type Step } from '../model/playbook.ts'
import { questions } from '../model/question.ts'
import { checkCondition } from './conditions.ts'
import { type Library, libraryOf } from './library.ts'
import { depthMax } from './snapshot.ts'
import { problemOfTemplate } from './texts.ts'

export type { Issue } from '../kit/yaml-document.ts'
export type Validated = { readonly playbook: Playbook | null; readonly issues: readonly Issue[] }

/** A playbook is read by people; the longest of ours has 9 KB. One that was imported holds its CACAO document as well. */
const playbookCharsMax = 200_000 + cacaoCharsMax
const playbooksMax = 500

/** Reads a playbook and says everything that is wrong with it, with line and column (from 1). `known` are the playbooks it may call. */
export function validatePlaybook(text: string, known: Library = libraryOf([])): Validated {
  const read = readYamlDocument(text, 'playbooks', playbookCharsMax)
  if (!read.ok) return { playbook: null, issues: read.issues }
  const { report, issues } = read
  const parsed = Playbook.safeParse(read.plain)
  if (!parsed.success) {
    for (const issue of deepest(parsed.error.issues as unknown as SchemaIssue[], [])) report(issue.path, issue.message)
    return { playbook: null, issues }
  }
  checkPlaybook(parsed.data, known, report)
  return { playbook: issues.length === 0 ? parsed.data : null, issues: issues.toSorted((a, b) => a.line - b.line) }
}

type SchemaIssue = {
  readonly code: string
  readonly path: Place
  readonly message: string
  readonly errors?: readonly (readonly SchemaIssue[])[]
}

/** A union reports every branch; the one that fits its `step` word (so has the fewest complaints, and none about that word) is meant. */
function deepest(issues: readonly SchemaIssue[], prefix: Place): { path: Place; message: string }[] {
  return issues.flatMap((issue) => {
    const place = [...prefix, ...issue.path]
    if (issue.code !== 'invalid_union' || issue.errors === undefined || issue.errors.length === 0)
      return [{ path: place, message: issue.message }]
    const meant = issue.errors.filter(
      (branch) => !branch.some((inner) => inner.path.at(-1) === 'step' && inner.path.length === 1),
    )
    if (meant.length === 0)
      return [
        {
          path: [...place, 'step'],
          message:
            'no such step: ask, decide-proposal, wait-for-person, notify, reply, checklist, branch or sub-playbook',
        },
      ]
    const fewest = meant.toSorted((a, b) => a.length - b.length)[0] ?? []
    return deepest(fewest, place)
  })
}

function checkPlaybook(playbook: Playbook, known: Library, report: Report): void {
  if (playbook.when !== undefined) condition(playbook.when, 'bool', ['when'], report)
  if (playbook.when !== undefined && playbook.on === 'manual')
    report(['when'], 'a manual playbook starts by hand or is called: it has no `when`')
  checkSteps(playbook.steps, ['steps'], report)
  checkCalls(playbook, known, report)
}

function condition(text: string, expected: 'bool' | 'any', place: Place, report: Report): void {
  const checked = checkCondition(text, expected)
  if (!checked.ok) report(place, checked.problem)
}

function template(text: string, place: Place, report: Report): void {
  const problem = problemOfTemplate(text)
  if (problem !== null) report(place, problem)
}

function checkSteps(steps: readonly Step[], place: Place, report: Report): void {
  const seen = new Set<string>()
  steps.forEach((step, index) => {
    const here = [...place, index]
    if (seen.has(step.id)) report([...here, 'id'], `another step of this list is called "${step.id}"`)
    seen.add(step.id)
    if (step.when !== undefined) condition(step.when, 'bool', [...here, 'when'], report)
    checkStep(step, here, report)
  })
}

function checkStep(step: Step, here: Place, report: Report): void {
  switch (step.step) {
    case 'ask':
      step.questions.forEach((question, index) => checkQuestion(question, [...here, 'questions', index], report))
      return
    case 'wait-for-person':
      if (step.for === 'answer' && (step.to === undefined || step.question === undefined))
        report([...here, 'for'], 'to wait for an answer, say `to` whom goes which `question`')
      if ((step.for === 'approval') !== (step.approval !== undefined))
        report([...here, 'for'], 'to wait for an approval, say under `approval` what is signed and by whom')
      if (step.approval?.from[0]?.beside === true)
        report([...here, 'approval', 'from', 0, 'beside'], 'the first place has none before it to be asked beside')
      for (const field of ['what', 'about', 'why', 'changes', 'ifSilent'] as const)
        if (step.approval !== undefined) template(step.approval[field], [...here, 'approval', field], report)
      if (step.to !== undefined) condition(step.to, 'any', [...here, 'to'], report)
      if (step.question !== undefined) template(step.question, [...here, 'question'], report)
      return
    case 'notify':
      template(step.subject, [...here, 'subject'], report)
      template(step.text, [...here, 'text'], report)
      return
    case 'reply':
      if (step.text !== undefined) template(step.text, [...here, 'text'], report)
      return
    case 'checklist':
      checkChecklist(step, here, report)
      return
    case 'branch':
      step.branches.forEach((branch, index) => {
        condition(branch.if, 'bool', [...here, 'branches', index, 'if'], report)
        checkSteps(branch.steps, [...here, 'branches', index, 'steps'], report)
      })
      if (step.else !== undefined) checkSteps(step.else, [...here, 'else'], report)
      return
    case 'decide-proposal':
    case 'sub-playbook':
      return
  }
}

function checkChecklist(step: Extract<Step, { step: 'checklist' }>, here: Place, report: Report): void {
  if (step.items.length === 0 && step.choices === undefined)
    report([...here, 'items'], 'a checklist has items, or choices, or both')
  const seen = new Set<string>()
  step.items.forEach((item, index) => {
    if (seen.has(item.id)) report([...here, 'items', index, 'id'], `another item of this list is called "${item.id}"`)
    seen.add(item.id)
    template(item.text, [...here, 'items', index, 'text'], report)
  })
}

function checkQuestion(
  question: { ask: keyof typeof questions; with: Record<string, string>; each?: string | undefined },
  here: Place,
  report: Report,
): void {
  const shape: Readonly<Record<string, z.ZodType>> = questions[question.ask].ask.shape
  const fields = Object.keys(shape)
  if (question.each !== undefined) condition(question.each, 'any', [...here, 'each'], report)
  for (const [field, text] of Object.entries(question.with)) {
    if (question.each === undefined && /\beach\b/.test(text))
      report([...here, 'with', field], 'this reads `each`, and the question has no `each`')
    if (!fields.includes(field))
      report([...here, 'with', field], `"${question.ask}" has no "${field}" (it has ${fields.join(', ')})`)
    else condition(text, 'any', [...here, 'with', field], report)
  }
  for (const [field, schema] of Object.entries(shape)) {
    if (question.with[field] === undefined && !schema.safeParse(undefined).success)
      report([...here, 'with'], `"${question.ask}" needs "${field}"`)
  }
}

/** Playbooks that are called must be there, must not call each other in a circle, and not too deep. */
function checkCalls(playbook: Playbook, known: Library, report: Report): void {
  const walk = (steps: readonly Step[], place: Place, callers: readonly string[]): void => {
    steps.forEach((step, index) => {
      const here = callers.length === 1 ? [...place, index] : place
      if (step.step === 'branch') {
        step.branches.forEach((branch, at) =>
          walk(branch.steps, callers.length === 1 ? [...here, 'branches', at, 'steps'] : place, callers),
        )
        walk(step.else ?? [], callers.length === 1 ? [...here, 'else'] : place, callers)
      }
      if (step.step !== 'sub-playbook') return
      const sub = known.byId(step.playbook)
      const where = callers.length === 1 ? [...here, 'playbook'] : place
      if (callers.includes(step.playbook))
        report(where, `playbooks call each other in a circle: ${[...callers, step.playbook].join(' > ')}`)
      else if (sub === undefined) report(where, `there is no playbook "${step.playbook}"`)
      else if (callers.length >= depthMax)
        report(where, `calls are more than ${depthMax} deep: ${[...callers, step.playbook].join(' > ')}`)
      else walk(sub.steps, where, [...callers, step.playbook])
    })
  }
  walk(playbook.steps, ['steps'], [playbook.id])
}

/** What a text is by itself, whether or not it calls what is there; null when it is no playbook. */
function shapeOf(text: string): Playbook | null {
  if (text.length > playbookCharsMax) return null
  const document = parseDocument(text)
  let plain = document.errors.length === 0
  visit(document, { Alias: () => void (plain = false) })
  const parsed = plain ? Playbook.safeParse(document.toJS()) : null
  return parsed?.success === true ? parsed.data : null
}

export type LoadedFile = { readonly file: string } & Validated

/** Every playbook file in these folders and files, each checked against all of them and against `besides`. */
export async function readPlaybooks(
  paths: readonly string[],
  besides: Library = libraryOf([]),
): Promise<readonly LoadedFile[]> {
  const files = await yamlFilesOf(paths, playbooksMax)
  const texts = await Promise.all(files.map(async (file) => ({ file, text: await readFile(file, 'utf8') })))
  // First what each is by itself, so that they can be called; then again with all of them in sight.
  const shapes = texts.flatMap(({ text }) => shapeOf(text) ?? [])
  const known = libraryOf([...besides.all, ...shapes])
  const seen = new Map<string, string>()
  return texts.map(({ file, text }) => {
    const validated = validatePlaybook(text, known)
    const id = validated.playbook?.id
    const before = id === undefined ? undefined : seen.get(id)
    if (id !== undefined) seen.set(id, before ?? file)
    if (before === undefined) return { file, ...validated }
    return {
      file,
      playbook: null,
      issues: [{ line: 1, column: 1, where: 'id', problem: `"${id}" is also the id of ${before}` }],
    }
  })
}

/** The library of an installation. Throws Trouble('input.invalid') that names every file, line and problem: a wrong playbook stops the start, not a run. */
export async function loadLibrary(paths: readonly string[]): Promise<Library> {
  const files = await readPlaybooks(paths)
  const wrong = files.flatMap(({ file, issues }) =>
    issues.map((issue) => `${file}:${issue.line}:${issue.column} ${issue.problem}`),
  )
  if (wrong.length > 0) throw new Trouble('input.invalid', { playbooks: wrong })
  return libraryOf(files.flatMap(({ playbook }) => (playbook === null ? [] : [playbook])))
}
