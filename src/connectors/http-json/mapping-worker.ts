import { parentPort } from 'node:worker_threads'
import { type Expressions, type Mapped, mapResponse } from './expressions.ts'

export type MappingTask = {
  readonly id: number
  readonly expressions: Expressions
  readonly status: number
  readonly text: string
  readonly ask: Readonly<Record<string, unknown>>
}

/** An empty text is null; what is no JSON is `undefined`. */
function json(text: string): unknown {
  if (text.trim() === '') return null
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined // What that means depends on the status, and is said below.
  }
}

function map({ expressions, status, text, ask }: MappingTask): Mapped {
  const body = json(text)
  // With another status an error page is usual: what the status means is for the expressions to say.
  if (body === undefined && status < 300)
    return { kind: 'failed', why: `status ${status}, but no JSON: "${shortened(text)}"` }
  return mapResponse(expressions, { status, body: body ?? null, ask })
}

function shortened(text: string): string {
  const line = text.slice(0, 300).replaceAll(/\s+/g, ' ').trim()
  return line.length > 100 ? `${line.slice(0, 99)}…` : line
}

// Parsing and mapping what a stranger sent happens here, where it can be killed: nested macros over a large list take minutes.
parentPort?.on('message', (task: MappingTask) => {
  parentPort?.postMessage({ id: task.id, mapped: map(task) })
})
