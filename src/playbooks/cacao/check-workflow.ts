import { type CacaoPlaybook, leadsTo, nameOf, refused } from './document.ts'

/** A condition that always holds: its loop has no bound. */
const always = /^\s*(?:true|1\s*==?\s*1|(['"])([^'"]*)\1\s*==?\s*\1\2\1)\s*$/i

/**
 * Refuses what no run could come to an end of, or could never come to, naming the step: a way that leads to no step, a step that no way leads to,
 * ways that go in a circle, and a loop whose condition always holds.
 */
export function checkWorkflow(document: CacaoPlaybook): void {
  const { workflow } = document
  const start = workflow[document.workflow_start]
  if (start === undefined)
    throw refused(`workflow_start names ${document.workflow_start}, which is not in the workflow`)
  if (start.type !== 'start')
    throw refused(`workflow_start names ${nameOf(document.workflow_start, start)}, which is no start step`)
  for (const [id, step] of Object.entries(workflow)) {
    for (const [word, to] of leadsTo(step))
      if (workflow[to] === undefined)
        throw refused(`step ${nameOf(id, step)}: ${word} names ${to}, which is not in the workflow`)
    if (step.type !== 'end' && leadsTo(step).length === 0)
      throw refused(`step ${nameOf(id, step)} leads nowhere and is no end step`)
    if (step.type === 'while-condition' && always.test(step.condition ?? ''))
      throw refused(`step ${nameOf(id, step)} loops without a bound: its condition always holds`)
  }
  const seen = new Set<string>()
  const roots = [
    document.workflow_start,
    ...(document.workflow_exception === undefined ? [] : [document.workflow_exception]),
  ]
  for (const root of roots) {
    if (workflow[root] === undefined) throw refused(`workflow_exception names ${root}, which is not in the workflow`)
    walk(document, root, seen)
  }
  for (const [id, step] of Object.entries(workflow))
    if (!seen.has(id)) throw refused(`step ${nameOf(id, step)} is never reached`)
}

/** Depth first, with a stack of our own: a document of 500 steps in a row must not be a matter of the engine's stack. */
function walk({ workflow }: CacaoPlaybook, root: string, seen: Set<string>): void {
  const open = new Set<string>()
  const stack: { readonly id: string; readonly next: string[] }[] = []
  const enter = (id: string): void => {
    if (open.has(id))
      throw refused(`step ${nameOf(id, workflow[id])} is part of an endless loop: its own way leads back to it`)
    if (seen.has(id)) return
    seen.add(id)
    open.add(id)
    const step = workflow[id]
    stack.push({ id, next: step === undefined ? [] : leadsTo(step).map(([, to]) => to) })
  }
  enter(root)
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const to = top.next.pop()
    if (to !== undefined) enter(to)
    else {
      open.delete(top.id)
      stack.pop()
    }
  }
}
