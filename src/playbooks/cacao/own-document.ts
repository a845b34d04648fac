import { isDeepStrictEqual } from 'node:util'
import { stableId } from '../../kit/stable-id.ts'
import { approvalWords } from '../../model/approval.ts'
import { csfCategoryTitle } from '../../model/csf.ts'
import { Playbook, type Step } from '../../model/playbook.ts'
import { questions } from '../../model/question.ts'
import type { CacaoPlaybook } from './document.ts'

/** CACAO ids end in a UUID of version 1 to 5; ours are worked out, and say so as version 5. */
function cacaoId(type: string, ...parts: readonly string[]): string {
  const id = stableId('cacao', type, ...parts)
  return `${type}--${id.slice(0, 14)}5${id.slice(15)}`
}

const us = cacaoId('identity', 'counterfoil')
const desk = cacaoId('group', 'desk')
/** Under this extension our own playbook travels in a CACAO document, so that it comes back whole. */
const extensionId = cacaoId('extension-definition', 'counterfoil-playbook-1')

type CacaoObject = Record<string, unknown>

/**
 * Our own playbook in a document that we wrote; null where there is none, or where the steps that everybody sees are not those of it: then what is
 * hidden in the extension counts for nothing.
 */
export function ownPlaybookIn(document: CacaoPlaybook): Playbook | null {
  const extension = document.playbook_extensions?.[extensionId] as { playbook?: unknown } | undefined
  const parsed = Playbook.safeParse(extension?.playbook)
  if (!parsed.success) return null
  const shown = documentOf(parsed.data, new Date(0))
  const plain = JSON.parse(JSON.stringify(document.workflow)) as unknown
  return isDeepStrictEqual(plain, JSON.parse(JSON.stringify(shown['workflow']))) ? parsed.data : null
}

/** A playbook of ours as a document of CACAO 2.0. Its ids follow from the playbook's: the same playbook has the same. */
export function documentOf(playbook: Playbook, at: Date): CacaoObject {
  const { cacao: _text, ...plain } = playbook
  const writer = new Writer(plain)
  const end = writer.end('end')
  const first = writer.steps(plain.steps, '', end)
  const start = writer.start(first)
  const moment = at.toISOString()
  return {
    ...{ type: 'playbook', spec_version: 'cacao-2.0', id: cacaoId('playbook', plain.id), name: plain.title },
    ...(plain.description === '' ? {} : { description: plain.description.trim() }),
    ...{ playbook_types: ['investigation'], playbook_activities: ['analyze-collected-data'], created_by: us },
    ...{ created: moment, modified: moment, priority: plain.priority, labels: ['counterfoil', plain.id] },
    ...(Object.keys(writer.variables).length === 0 ? {} : { playbook_variables: writer.variables }),
    ...{ workflow_start: start, workflow: writer.workflow },
    agent_definitions: { [desk]: { type: 'group', name: 'The desk' } },
    playbook_extensions: { [extensionId]: { playbook: plain } },
    extension_definitions: {
      [extensionId]: {
        ...{ type: 'extension-definition', name: 'Counterfoil playbook', created_by: us, version: '1' },
        schema: 'playbook.schema.json of Counterfoil',
      },
    },
  }
}

/** Lays the steps of ours out as a CACAO workflow, from the last to the first, so that each knows where it leads. */
class Writer {
  readonly workflow: Record<string, CacaoObject> = {}
  readonly variables: Record<string, CacaoObject> = {}
  readonly #playbook: Playbook

  constructor(playbook: Playbook) {
    this.#playbook = playbook
  }

  #put(type: string, path: string, step: CacaoObject): string {
    const id = cacaoId(type, this.#playbook.id, path)
    this.workflow[id] = { type, ...step }
    return id
  }

  start(next: string): string {
    return this.#put('start', 'start', { name: 'Start', on_completion: next })
  }

  end(path: string): string {
    return this.#put('end', path, { name: 'End' })
  }

  /** The id of the first of these steps; `next` follows the last. */
  steps(steps: readonly Step[], prefix: string, next: string): string {
    return steps.toReversed().reduce((following, step) => this.#step(step, prefix + step.id, following), next)
  }

  #step(step: Step, path: string, next: string): string {
    if (step.step === 'branch') return this.#branch(step, path, next)
    const common = { ...this.#common(step), on_completion: next }
    if (step.step === 'sub-playbook')
      return this.#put('playbook-action', path, { ...common, playbook_id: cacaoId('playbook', step.playbook) })
    const commands = commandsOf(step).map((command) => ({ type: 'manual', command }))
    return this.#put('action', path, { ...common, commands, agent: desk })
  }

  /** A person, or whoever runs it, works the conditions out into a variable; the switch goes by it. */
  #branch(step: Extract<Step, { step: 'branch' }>, path: string, next: string): string {
    const variable = `__way_${path.replaceAll(/[^a-zA-Z0-9_-]/g, '_')}__`
    this.variables[variable] = { type: 'string', description: `Which way "${step.title}" goes`, constant: false }
    const arms = step.branches.map((branch, index) => {
      const end = this.end(`${path}/${index}/end`)
      return [String(index + 1), this.steps(branch.steps, `${path}/${index}/`, end)] as const
    })
    const otherwise = this.steps(step.else ?? [], `${path}/else/`, this.end(`${path}/else/end`))
    const cases = { ...Object.fromEntries(arms), default: otherwise }
    const choosing = this.#put('switch-condition', path, {
      ...{ name: step.title, switch: `${variable}:value`, cases, on_completion: next },
    })
    const ask = step.branches.map((branch, index) => `"${index + 1}" if ${branch.if}`).join('; ')
    return this.#put('action', `${path}/choose`, {
      ...this.#common(step),
      ...{ name: `Work out: ${step.title}`, on_completion: choosing, agent: desk, out_args: [variable] },
      commands: [
        {
          type: 'manual',
          command: `Set ${variable} to the first that holds: ${ask}; else "default" (Common Expression Language)`,
        },
      ],
    })
  }

  #common(step: Step): CacaoObject {
    const when = step.when === undefined ? '' : ` Only when ${step.when}.`
    const frame = `CSF 2.0 ${step.csf} (${csfCategoryTitle(step.csf)}), phase: ${step.phase}.`
    return {
      name: step.title,
      description: [step.why ?? '', `${frame}${when}`].filter((part) => part !== '').join(' '),
    }
  }
}

/** What a step of ours does, as a person would do it. */
function commandsOf(step: Exclude<Step, { step: 'branch' | 'sub-playbook' }>): string[] {
  switch (step.step) {
    case 'ask':
      return step.questions.map((question) => {
        const about = Object.entries(question.with).map(([name, value]) => `${name} = ${value}`)
        const each = question.each === undefined ? '' : ` for each of ${question.each}`
        return `${questions[question.ask].title} (${about.join(', ')})${each}`
      })
    case 'decide-proposal':
      return ['Put what is known together and propose an outcome; a person decides.']
    case 'wait-for-person':
      if (step.approval !== undefined) return [approvalWords(step.approval, step.expires)]
      return [
        step.for === 'answer'
          ? `Ask ${step.to ?? ''}: ${step.question ?? ''} Wait at most ${step.expires}.`
          : `Wait for the ${step.for} of a person, at most ${step.expires}.`,
      ]
    case 'notify':
      return [`Tell ${step.to.join(', ')}: ${step.subject}`]
    case 'reply':
      return ['Draft the answer to the provider; a person reviews and releases it.']
    case 'checklist':
      return [
        ...step.items.map((item) =>
          [item.text.trim(), item.command?.text ?? ''].filter((part) => part !== '').join('\n'),
        ),
        ...(step.choices === undefined ? [] : [`Say how it came out: ${step.choices.join(' / ')}`]),
      ]
  }
}
