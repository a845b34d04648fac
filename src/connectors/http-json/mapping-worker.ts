import { parentPort } from 'node:worker_threads'
import { wordsOf } from '../../kit/errors.ts'
import { type Expressions, holds, type Mapped, mapReply, type Seen, valueOf } from './expressions.ts'
import { readBody, type Writing } from './read-body.ts'

/** A reply as it came, and what is around it. */
export type Task = {
  readonly text: string
  readonly writing: Writing
  readonly seen: Omit<Seen, 'body'>
  readonly wanted:
    | { readonly kind: 'map'; readonly expressions: Expressions }
    | { readonly kind: 'when'; readonly expressions: readonly (string | undefined)[] }
    | { readonly kind: 'value'; readonly name: string; readonly expression: string }
}
/** `value` of "when" is the number of the first that holds, or -1. */
export type Done = Mapped | { readonly kind: 'value'; readonly value: unknown }
export type MappingTask = Task & { readonly id: number }

function done({ text, writing, seen, wanted }: Task): Done {
  const body = readBody(text, writing)
  // With another status an error page is usual: what the status means is for the expressions to say.
  if (body === undefined && seen.status < 300)
    return { kind: 'failed', why: `status ${seen.status}, but no ${names[writing]}: "${shortened(text)}"` }
  const whole = { ...seen, body: body ?? null }
  try {
    switch (wanted.kind) {
      case 'map':
        return mapReply(wanted.expressions, whole)
      case 'when':
        return {
          kind: 'value',
          value: wanted.expressions.findIndex((when) => when === undefined || holds(when, whole)),
        }
      case 'value':
        return { kind: 'value', value: valueOf(wanted.name, wanted.expression, whole) }
    }
  } catch (error) {
    return { kind: 'failed', why: wordsOf(error) }
  }
}

const names: Record<Writing, string> = { json: 'JSON', 'json-lines': 'lines of JSON', xml: 'XML' }

function shortened(text: string): string {
  const line = text.slice(0, 300).replaceAll(/\s+/g, ' ').trim()
  return line.length > 100 ? `${line.slice(0, 99)}…` : line
}

// Parsing and mapping what a stranger sent happens here, where it can be killed: nested macros over a large list take minutes.
parentPort?.on('message', (task: MappingTask) => {
  parentPort?.postMessage({ id: task.id, done: done(task) })
})
