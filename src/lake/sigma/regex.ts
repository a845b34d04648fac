import { RE2JS } from 're2js'
import { wordsOf } from '../../kit/errors.ts'
import { RuleProblem } from './rule.ts'

/** RE2 takes no more repetitions than this. */
const repetitionsMax = 1000
/** Ten times the longest expression of SigmaHQ. */
const regexCharsMax = 8_000

export type RegexFlags = { readonly i: boolean; readonly m: boolean; readonly s: boolean }

/** An expression that RE2 runs, with what must hold besides: `without` may not match (a look-ahead at the start that says "not"). */
export type LinearRegex = { readonly match: string; readonly without: string | null }

/**
 * An expression of a rule (PCRE) as RE2 runs it, which takes time in proportion to the text. Look-arounds and back-references have no
 * such form; the one that can be rewritten is a negative look-ahead at the start ("^(?!x)y": matches "^y" and not "^x").
 * Throws RuleProblem that says what cannot run.
 */
export function linearRegex(source: string, flags: RegexFlags): LinearRegex {
  if (source.length > regexCharsMax) throw new RuleProblem(`an expression is longer than ${regexCharsMax} characters`)
  const ahead = leadingRefusal(source)
  const before = flagsText(flags)
  const match = before + translated(ahead === null ? source : `^${ahead.rest}`)
  const without = ahead === null ? null : before + translated(`^(?:${ahead.refused})`)
  for (const expression of without === null ? [match] : [match, without]) check(expression, source)
  return { match, without }
}

function flagsText({ i, m, s }: RegexFlags): string {
  // ClickHouse lets the dot match line ends unless told otherwise.
  return `(?${i ? 'i' : ''}${m ? 'm' : ''}${s ? 's' : '-s'})`
}

function leadingRefusal(source: string): { readonly refused: string; readonly rest: string } | null {
  if (!source.startsWith('^(?!')) return null
  const end = closingBracket(source, 1)
  return end === null ? null : { refused: source.slice(4, end), rest: source.slice(end + 1) }
}

/** Where the bracket that opens at `from` closes. */
function closingBracket(source: string, from: number): number | null {
  let depth = 0
  let inClass = false
  for (let at = from; at < source.length; at += 1) {
    const letter = source.charAt(at)
    if (letter === '\\') at += 1
    else if (inClass) inClass = letter !== ']'
    else if (letter === '[') inClass = true
    else if (letter === '(') depth += 1
    else if (letter === ')' && --depth === 0) return at
  }
  return null
}

/** Escapes that PCRE knows and RE2 writes in another way. */
const escapes: Readonly<Record<string, string>> = {
  Z: '\\z',
  e: '\\x1b',
  h: '[ \\t]',
  R: '(?:\\r\\n|\\n|\\r)',
  '/': '/',
  _: '_',
  '<': '<',
  '>': '>',
}

function translated(source: string): string {
  let out = ''
  let inClass = false
  for (let at = 0; at < source.length; at += 1) {
    const letter = source.charAt(at)
    if (letter === '\\') {
      at += 1
      const next = source.charAt(at)
      if (!inClass && /[1-9]/.test(next))
        throw new RuleProblem(
          `back-reference "\\${next}" cannot run: the engine's expressions (RE2) are linear in time`,
        )
      if (next === 'u' && /^[0-9a-fA-F]{4}/.test(source.slice(at + 1))) {
        out += `\\x{${source.slice(at + 1, at + 5)}}`
        at += 4
      } else if (inClass && next === 'h') out += ' \\t'
      else out += escapes[next] ?? `\\${next}`
      continue
    }
    if (inClass) inClass = letter !== ']'
    else if (letter === '[') {
      inClass = true
      // "[]a]" and "[^]a]": a bracket that stands first is a letter of the class.
      const first = /^\[\^?\]/.exec(source.slice(at))?.[0]
      if (first !== undefined) {
        out += `${first.slice(0, -1)}\\]`
        at += first.length - 1
        continue
      }
    } else if (letter === '(') refuseGroup(source.slice(at, at + 4))
    out += letter
  }
  return out
}

function refuseGroup(start: string): void {
  if (/^\(\?(=|!|<=|<!)/.test(start))
    throw new RuleProblem(
      `look-around "${start.replace(/[^(?<=!]/g, '')}" cannot run: the engine's expressions (RE2) are linear in time`,
    )
  if (/^\(\?[>(|]/.test(start))
    throw new RuleProblem(`group "${start.slice(0, 3)}" cannot run: the engine's expressions (RE2) have no such group`)
}

function check(expression: string, source: string): void {
  for (const match of expression.matchAll(/\{(\d+)(?:,(\d*))?\}/g))
    if (Math.max(Number(match[1]), Number(match[2] ?? 0)) > repetitionsMax)
      throw new RuleProblem(`"${match[0]}" cannot run: the engine repeats at most ${repetitionsMax} times`)
  try {
    RE2JS.compile(expression)
  } catch (error) {
    throw new RuleProblem(`the expression "${source.slice(0, 80)}" cannot be read: ${wordsOf(error)}`)
  }
}

/**
 * Texts that stand in everything this expression matches: runs of plain letters at its top level. Alternatives, groups and whatever is
 * repeated give none; that costs speed, never a match.
 */
export function textsOfRegex(expression: string): readonly string[] {
  if (hasTopAlternative(expression)) return []
  const texts: string[] = []
  let run = ''
  const close = (): void => {
    if (run.length > 1) texts.push(run)
    run = ''
  }
  for (let at = 0; at < expression.length; at += 1) {
    const letter = expression.charAt(at)
    if (/[?*{+]/.test(letter)) {
      // What is repeated may be missing, or stand there more often.
      run = run.slice(0, -1)
      close()
      if (letter === '{') at = Math.max(at, expression.indexOf('}', at))
    } else if (letter === '\\') {
      at += 1
      const next = expression.charAt(at)
      if (/[a-zA-Z0-9]/.test(next)) {
        close()
        if (next === 'x' || next === 'p' || next === 'P') return texts
      } else run += next
    } else if (letter === '[' || letter === '(') {
      close()
      const end = letter === '(' ? closingBracket(expression, at) : classEnd(expression, at)
      if (end === null) return texts
      at = end
    } else if (letter === '.' || letter === '^' || letter === '$' || letter === ')') close()
    else run += letter
  }
  close()
  return texts
}

function classEnd(expression: string, from: number): number | null {
  for (let at = from + 2; at < expression.length; at += 1) {
    if (expression.charAt(at) === '\\') at += 1
    else if (expression.charAt(at) === ']') return at
  }
  return null
}

function hasTopAlternative(expression: string): boolean {
  let at = 0
  while (at < expression.length) {
    const letter = expression.charAt(at)
    if (letter === '|') return true
    if (letter === '\\') at += 1
    if (letter === '[' || letter === '(') {
      const end = letter === '(' ? closingBracket(expression, at) : classEnd(expression, at)
      if (end === null) return true
      at = end
    }
    at += 1
  }
  return false
}
