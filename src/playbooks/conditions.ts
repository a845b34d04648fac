import { type ASTNode, Environment } from '@marcbachmann/cel-js'
import { RE2JS } from 're2js'
import { wordsOf } from '../kit/errors.ts'
import { conditionSchema } from './condition-words.ts'
import { astNodesMax, textCharsMax } from './limits.ts'

/*
 * Conditions run in our own process and not in a killable worker, because what they can cost is bounded before they run:
 * at most 200 nodes, one macro and none inside it, over lists of at most 200 texts of at most 2,000 characters; only the
 * functions named here (none that multiplies a text: no replace, split, join or bind); `matches`, which is JavaScript's own
 * regular expression and hung for 12 s on (a+)+$, is refused, and re2() takes linear time. The worst case measured is below
 * 50 ms (conditions.test.ts); a round trip to a worker would cost every run more than that in sum.
 */

// biome-ignore format: a table reads better in few lines
const functionsAllowed = new Set([
  'size', 'contains', 'startsWith', 'endsWith', 'lowerAscii', 'upperAscii', 'trim', 'has', 'exists', 'exists_one', 'all', 'filter', 'map',
  'int', 'double', 'string', 'bool', 'timestamp', 'duration', 'getHours', 'getMinutes', 'getDayOfWeek', 'getDate', 'getMonth', 'getFullYear', 're2',
])
const macros = new Set(['exists', 'exists_one', 'all', 'filter', 'map'])

const environment = makeEnvironment()

function makeEnvironment(): Environment {
  const made = new Environment({
    limits: { maxAstNodes: astNodesMax, maxDepth: 30, maxListElements: 100, maxMapEntries: 20, maxCallArguments: 4 },
  })
  for (const [name, schema] of Object.entries(conditionSchema)) {
    if (typeof schema === 'string') made.registerVariable(name, schema)
    else made.registerVariable({ name, schema: schema as never })
  }
  const patterns = new Map<string, RE2JS>()
  made.registerFunction('re2(string, string): bool', (text: string, pattern: string) => {
    const known = patterns.get(pattern) ?? RE2JS.compile(pattern)
    if (patterns.size < 1000) patterns.set(pattern, known)
    return known.matcher(text.slice(0, textCharsMax)).find()
  })
  return made
}

export type Checked = { readonly ok: true } | { readonly ok: false; readonly problem: string }

/** Is this a condition (`bool`) or a value (`any`) that can run? Parses, bounds and type-checks it against what the house knows. */
export function checkCondition(text: string, expected: 'bool' | 'any'): Checked {
  try {
    const parsed = environment.parse(text)
    const refused = refusedIn(parsed.ast, false)
    if (refused !== null) return { ok: false, problem: refused }
    const checked = parsed.check()
    if (!checked.valid) return { ok: false, problem: firstLine(checked.error) }
    if (expected === 'bool' && checked.type !== 'bool')
      return { ok: false, problem: `this gives ${checked.type}, not yes or no` }
    return { ok: true }
  } catch (error) {
    return { ok: false, problem: firstLine(error) }
  }
}

function firstLine(error: unknown): string {
  return wordsOf(error).split('\n')[0] ?? ''
}

/** The first thing in the tree that we do not let run, in words; null when there is none. */
function refusedIn(node: ASTNode, inMacro: boolean): string | null {
  let inside = inMacro
  if (node.op === 'call' || node.op === 'rcall') {
    const name = node.args[0]
    if (name === 'matches') return 'matches() can hang; write re2(text, "pattern")'
    if (!functionsAllowed.has(name)) return `${name}() is not known here`
    if (name === 're2' && !isText(node.op === 'call' ? node.args[1][1] : undefined))
      return 're2() takes its pattern as a text in quotes'
    if (name === 're2') {
      const problem = problemOfPattern(node.op === 'call' ? node.args[1][1] : undefined)
      if (problem !== null) return problem
    }
    if (node.op === 'rcall' && macros.has(name)) {
      if (inMacro) return `${name}() inside another of its kind`
      inside = true
    }
  }
  for (const child of childrenOf(node)) {
    const refused = refusedIn(child, inside)
    if (refused !== null) return refused
  }
  return null
}

function isText(node: ASTNode | undefined): boolean {
  return node?.op === 'value' && typeof node.args === 'string'
}

function problemOfPattern(node: ASTNode | undefined): string | null {
  try {
    RE2JS.compile(String(node?.args))
    return null
  } catch (error) {
    return `this pattern is not one: ${firstLine(error)}`
  }
}

function childrenOf(node: ASTNode): readonly ASTNode[] {
  const found: ASTNode[] = []
  const take = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) take(item)
    else if (typeof value === 'object' && value !== null && 'op' in value) found.push(value as ASTNode)
  }
  take(node.args)
  return found
}

type Compiled = (context: Record<string, unknown>) => unknown
const compiled = new Map<string, Compiled>()
/** Every condition of every playbook fits many times. */
const compiledMax = 2000

export type Evaluated =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'unknown'; readonly why: string }

/**
 * Works a condition out. `unknown` when it rests on what is not known (an answer that never came): it is never taken for a no.
 * The context is made by condition-words.ts.
 */
export function evaluate(text: string, context: Record<string, unknown>): Evaluated {
  try {
    let run = compiled.get(text)
    if (run === undefined) {
      const parsed = environment.parse(text)
      const refused = refusedIn(parsed.ast, false)
      if (refused !== null) return { kind: 'unknown', why: refused }
      run = parsed
      if (compiled.size < compiledMax) compiled.set(text, run)
    }
    const value: unknown = run(context)
    return { kind: 'value', value: typeof value === 'bigint' ? Number(value) : value }
  } catch (error) {
    return { kind: 'unknown', why: firstLine(error) }
  }
}
