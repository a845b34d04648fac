import type { Playbook, Step } from '../../model/playbook.ts'
import { checkWorkflow } from './check-workflow.ts'
import { type CacaoPlaybook, type CacaoStep, nameOf, readDocument, refused } from './document.ts'
import { ownPlaybookIn } from './own-document.ts'

/** A loop is walked at most this often in one run; then a person starts the playbook again if it must go on. */
export const roundsMax = 5
/** Steps after branches that meet again were written once for each: past this nobody follows it. */
const madeMax = 300
const titleMax = 200
const textMax = 4000
const whyMax = 1000
const commandMax = 20_000
const worked = 'It worked'
const failed = 'It did not work'

/**
 * A CACAO 2.0 playbook as one of ours. What it would run (bash, ssh, OpenC2, HTTP...) becomes a step of a person with the command shown: we run
 * none of it. Conditions, cases and loops become questions to a person; what is parallel stands one after the other. The document itself is kept
 * in `cacao`, byte for byte. Throws Trouble('input.invalid') that names the step.
 */
export function importCacao(text: string): Playbook {
  const document = readDocument(text)
  checkWorkflow(document)
  const own = ownPlaybookIn(document)
  if (own !== null) return { ...own, cacao: text }
  return new Translation(document).playbook(text)
}

type Way = { readonly csf: string; readonly phase: Step['phase'] }

/** Which outcome of CSF 2.0 and which phase a step serves, by the activity of its command or the type of its playbook (CACAO 2.0, sections 3.1.1 and 3.1.2). */
const ways: Readonly<Record<string, Way>> = {
  detection: { csf: 'DE.AE-02', phase: 'detection' },
  'scan-system': { csf: 'DE.CM-09', phase: 'detection' },
  'match-indicator': { csf: 'DE.AE-02', phase: 'detection' },
  investigation: { csf: 'RS.AN-03', phase: 'analysis' },
  'analyze-collected-data': { csf: 'RS.AN-03', phase: 'analysis' },
  'identify-indicators': { csf: 'DE.AE-02', phase: 'analysis' },
  'scan-vulnerabilities': { csf: 'ID.RA-01', phase: 'preparation' },
  mitigation: { csf: 'RS.MI-01', phase: 'containment' },
  'restrict-access': { csf: 'RS.MI-01', phase: 'containment' },
  'disconnect-system': { csf: 'RS.MI-01', phase: 'containment' },
  'configure-systems': { csf: 'PR.PS-01', phase: 'preparation' },
  'eliminate-risk': { csf: 'RS.MI-02', phase: 'eradication' },
  remediation: { csf: 'RS.MI-02', phase: 'eradication' },
  'revert-system': { csf: 'RC.RP-02', phase: 'recovery' },
  'restore-data': { csf: 'RC.RP-03', phase: 'recovery' },
  'restore-capabilities': { csf: 'RC.RP-04', phase: 'recovery' },
  notification: { csf: 'RS.CO-02', phase: 'analysis' },
  'compose-content': { csf: 'RS.CO-02', phase: 'analysis' },
  'deliver-content': { csf: 'RS.CO-03', phase: 'analysis' },
  prevention: { csf: 'PR.PS-01', phase: 'preparation' },
}
const wayDefault: Way = { csf: 'RS.MA-01', phase: 'analysis' }

class Translation {
  readonly #document: CacaoPlaybook
  readonly #names = new Map<string, number>()
  #made = 0

  constructor(document: CacaoPlaybook) {
    this.#document = document
  }

  playbook(text: string): Playbook {
    const { name, description, modified, priority, workflow_start: start } = this.#document
    const steps = [...this.#from(start), ...this.#exception()]
    if (steps.length === 0)
      throw refused('there is nothing to do in it: it has a start and an end, and no step between')
    return {
      playbook: 1,
      id: playbookIdOf(this.#document),
      version: versionOf(modified),
      title: name.slice(0, titleMax),
      description: (description ?? '').slice(0, 2000),
      on: 'manual',
      priority: priority === undefined || priority === 0 ? 50 : priority,
      steps,
      cacao: text,
    }
  }

  /** The steps from here to the end of this way. */
  #from(id: string | undefined): Step[] {
    if (id === undefined) return []
    const step = this.#document.workflow[id]
    if (step === undefined || step.type === 'end') return []
    return [...this.#stepsOf(id, step), ...this.#from(step.on_completion)]
  }

  #stepsOf(id: string, step: CacaoStep): Step[] {
    switch (step.type) {
      case 'start':
      case 'end':
        return []
      case 'action':
      case 'playbook-action':
        return this.#action(id, step)
      case 'parallel':
        return (step.next_steps ?? []).flatMap((next) => this.#from(next))
      case 'if-condition':
        return [...this.#asked(id, step, ['Yes', 'No'], [step.on_true, step.on_false]), ...this.#outcome(step)]
      case 'switch-condition':
        return this.#switch(id, step)
      case 'while-condition':
        return [...this.#round(id, step, 1), ...this.#outcome(step)]
    }
  }

  /** What follows a condition by success alone: choosing is its success. */
  #outcome(step: CacaoStep): Step[] {
    return step.on_success === undefined ? [] : this.#from(step.on_success)
  }

  #action(id: string, step: CacaoStep): Step[] {
    const branches = step.on_success !== undefined || step.on_failure !== undefined
    const list = { ...this.#common(id, step), step: 'checklist' as const, items: this.#items(step), expires: '7d' }
    if (!branches) return [list]
    return [
      { ...list, choices: [worked, failed] },
      this.#branch(id, step, list.id, [worked, failed], [step.on_success, step.on_failure]),
    ]
  }

  /** A question to a person, and the way that goes with each answer. */
  #asked(id: string, step: CacaoStep, choices: string[], to: readonly (string | undefined)[]): Step[] {
    const asked = { ...this.#common(id, step), step: 'checklist' as const, items: [], choices, expires: '7d' }
    return [asked, this.#branch(id, step, asked.id, choices, to)]
  }

  #switch(id: string, step: CacaoStep): Step[] {
    const cases = Object.entries(step.cases ?? {})
    if (cases.length > 20) throw refused(`step ${nameOf(id, step)} has more than 20 cases`)
    const names = cases.map(([name]) => name.slice(0, titleMax) || '(empty)')
    const choices = names.length > 1 ? names : [...names, 'None of these']
    return [
      ...this.#asked(
        id,
        step,
        choices,
        cases.map(([, to]) => to),
      ),
      ...this.#outcome(step),
    ]
  }

  #round(id: string, step: CacaoStep, round: number): Step[] {
    const common = this.#common(id, step)
    const asked = { ...common, step: 'checklist' as const, items: [], choices: ['Yes', 'No'], expires: '7d' }
    const title = `${common.title} (round ${round} of ${roundsMax})`.slice(0, titleMax)
    const again = round < roundsMax ? this.#round(id, step, round + 1) : []
    const inside = [...this.#from(step.on_true), ...again]
    const branch = this.#branch(id, step, asked.id, ['Yes'], [])
    return [
      { ...asked, title },
      { ...branch, branches: [{ if: isChosen(asked.id, 'Yes'), steps: inside }] },
    ]
  }

  #branch(
    id: string,
    step: CacaoStep,
    asked: string,
    choices: readonly string[],
    to: readonly (string | undefined)[],
  ): Extract<Step, { step: 'branch' }> {
    return {
      ...this.#common(id, step, 'way'),
      title: `Go on as it came out: ${titleOf(id, step)}`.slice(0, titleMax),
      step: 'branch',
      branches: choices.map((choice, index) => ({ if: isChosen(asked, choice), steps: this.#from(to[index]) })),
    }
  }

  /** Steps for when something went wrong on the way; a person says whether it did. */
  #exception(): Step[] {
    const { workflow_exception: id, workflow } = this.#document
    const step = id === undefined ? undefined : workflow[id]
    if (id === undefined || step === undefined || step.type === 'end') return []
    const name = {
      ...step,
      name: 'Did anything go wrong on the way?',
      description: 'The playbook names steps for that.',
    }
    return this.#asked(id, name, ['Yes', 'No'], [id])
  }

  #items(step: CacaoStep) {
    const { playbook_id: called } = step
    const told = step.description ?? step.name ?? ''
    if (step.type === 'playbook-action')
      return [
        { id: 'run', text: literal(told || 'Run the playbook'), command: { kind: 'playbook', text: called ?? '' } },
      ]
    return (step.commands ?? []).map((command, index) => {
      const text = commandText(command)
      const manual = command.type === 'manual'
      const says = command.description ?? (manual && text.length <= textMax ? text : told || 'Run this by hand')
      const whys = this.#variables(`${text} ${says}`, step)
      return {
        id: `item-${index + 1}`,
        text: literal(says.slice(0, textMax) || 'Do it'),
        ...(whys === '' ? {} : { why: whys }),
        ...(manual && says === text ? {} : { command: { kind: command.type, text: text.slice(0, commandMax) } }),
      }
    })
  }

  /** What the variables in a text stand for, where the document says it. */
  #variables(text: string, step: CacaoStep): string {
    const known = { ...this.#document.playbook_variables, ...step.step_variables }
    const named = Object.entries(known).filter(([name]) => text.includes(name))
    return named
      .map(
        ([name, { value, description }]) =>
          `${name} is ${value ?? 'to be filled in'}${description === undefined ? '' : ` (${description})`}.`,
      )
      .join(' ')
      .slice(0, whyMax)
  }

  #common(id: string, step: CacaoStep, suffix = '') {
    this.#made += 1
    if (this.#made > madeMax)
      throw refused(`its ways meet and part so often that it comes to more than ${madeMax} steps`)
    const base = [step.type, id.slice(-12), suffix]
      .filter((part) => part !== '')
      .join('-')
      .toLowerCase()
    const times = (this.#names.get(base) ?? 0) + 1
    this.#names.set(base, times)
    const way = this.#wayOf(step)
    return {
      id: times === 1 ? base : `${base}-${times}`,
      title: titleOf(id, step),
      ...(whyOf(step) === '' ? {} : { why: whyOf(step) }),
      ...way,
    }
  }

  #wayOf(step: CacaoStep): Way {
    const words = [
      ...(step.commands ?? []).map((command) => command.playbook_activity ?? ''),
      ...(this.#document.playbook_types ?? []),
    ]
    return words.map((word) => ways[word]).find((way) => way !== undefined) ?? wayDefault
  }
}

const isChosen = (id: string, choice: string): string => `choices[${JSON.stringify(id)}] == ${celText(choice)}`

/** A text as CEL reads it. JSON's escapes are CEL's too. */
const celText = (text: string): string => JSON.stringify(text)

const titleOf = (id: string, step: CacaoStep): string =>
  (step.name === undefined || step.name === '' ? id : step.name).slice(0, titleMax)

function whyOf(step: CacaoStep): string {
  const condition = step.condition ?? step.switch
  return [step.description ?? '', condition === undefined ? '' : `As CACAO puts it: ${condition}`]
    .filter((part) => part !== '')
    .join(' ')
    .slice(0, whyMax)
}

/** A text that says itself: Liquid's braces in it are no template. */
function literal(text: string): string {
  return text.replaceAll(/\{[{%]/g, (open) => `{{ "${open}" }}`)
}

function commandText(command: NonNullable<CacaoStep['commands']>[number]): string {
  const headers = Object.entries(command.headers ?? {}).map(([name, value]) => `${name}: ${String(value)}`)
  const parts = [
    command.command ?? '',
    command.command_b64 === undefined ? '' : decoded(command.command_b64),
    ...headers,
    command.content ?? '',
    command.content_b64 === undefined ? '' : decoded(command.content_b64),
  ]
  return parts.filter((part) => part !== '').join('\n')
}

function decoded(base64: string): string {
  return new TextDecoder().decode(Buffer.from(base64, 'base64'))
}

/** A short word out of the name, and the beginning of the document's own id. */
function playbookIdOf({ id, name }: CacaoPlaybook): string {
  const word = name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 40)
  return `cacao-${word === '' ? 'playbook' : word}-${id.slice('playbook--'.length, 'playbook--'.length + 8).toLowerCase()}`
}

/** Versions of ours are numbers: the day of theirs, as 20231120. */
function versionOf(modified: string): number {
  const day = Number(modified.slice(0, 10).replaceAll('-', ''))
  return Number.isInteger(day) && day > 0 ? day : 1
}
