import { PatternProblem, type Token, tokensOf } from './stix-lexer.ts'

export { PatternProblem } from './stix-lexer.ts'

export type Literal = {
  readonly kind: Exclude<Token['kind'], 'word' | 'sign' | 'name' | 'type-name'>
  readonly text: string
}
/** A step of a path: a key, or a place in a list (-1: any). */
export type PathStep = string | number

/** What is said of one object: a property compared with something, or several such. */
export type Comparison =
  | {
      readonly kind: 'test'
      readonly object: string
      readonly path: readonly PathStep[]
      readonly negated: boolean
      readonly operator: string
      readonly values: readonly Literal[]
    }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Comparison[] }
/** What must be observed: one object, or several, together, or one after the other. */
export type Observation =
  | { readonly kind: 'one'; readonly comparison: Comparison }
  | { readonly kind: 'and' | 'or' | 'followed-by'; readonly of: readonly Observation[] }
  | { readonly kind: 'qualified'; readonly by: readonly string[]; readonly of: Observation }

/** Longer ones are rules, not indicators: the longest of the corpus has 700 characters. */
export const patternCharsMax = 20_000
/** Brackets within brackets; people write three. */
const depthMax = 50

/** Reads a pattern of STIX 2.1 (part 9). Throws PatternProblem, which says what is wrong and where. */
export function readPattern(pattern: string): Observation {
  if (pattern.length > patternCharsMax)
    throw new PatternProblem(`it is longer than ${patternCharsMax} characters`, patternCharsMax)
  const reader = new Reader(tokensOf(pattern), pattern.length)
  const observation = reader.observations()
  reader.atEnd()
  return observation
}

/** Digests have a length; a "SHA-256" of three letters is a mistake that would never match. */
const digestLengths: Readonly<Record<string, number>> = {
  MD5: 32,
  'SHA-1': 40,
  SHA1: 40,
  'SHA-224': 56,
  'SHA-256': 64,
  SHA256: 64,
  'SHA-384': 96,
  'SHA-512': 128,
  SHA512: 128,
  'SHA3-256': 64,
  'SHA3-512': 128,
}

class Reader {
  readonly #tokens: readonly Token[]
  readonly #length: number
  #at = 0
  #depth = 0

  constructor(tokens: readonly Token[], length: number) {
    this.#tokens = tokens
    this.#length = length
  }

  atEnd(): void {
    const token = this.#tokens[this.#at]
    if (token !== undefined) throw new PatternProblem(`"${token.text}" does not belong here`, token.at)
  }

  observations(): Observation {
    return this.#chain('FOLLOWEDBY', 'followed-by', () =>
      this.#chain('OR', 'or', () => this.#chain('AND', 'and', () => this.#observation())),
    )
  }

  #chain(word: string, kind: 'and' | 'or' | 'followed-by', next: () => Observation): Observation {
    const first = next()
    const of = [first]
    while (this.#takes('word', word)) of.push(next())
    return of.length === 1 ? first : { kind, of }
  }

  #observation(): Observation {
    const isOne = this.#peek()?.text === '['
    const inner = this.#bracketed()
    const by: string[] = []
    for (let qualifier = this.#qualifier(); qualifier !== null; qualifier = this.#qualifier()) {
      // Around brackets of its own the reference reader takes a second one for a qualifier of the qualified (its test vectors say so).
      if (isOne && by.includes(qualifier)) throw this.#problem(`${qualifier} stands twice on the same observation`)
      by.push(qualifier)
    }
    return by.length === 0 ? inner : { kind: 'qualified', by, of: inner }
  }

  #bracketed(): Observation {
    if (this.#takes('sign', '[')) {
      const comparison = this.#comparison()
      this.#needs('sign', ']')
      return { kind: 'one', comparison }
    }
    if (!this.#takes('sign', '(')) throw this.#problem('an observation begins with "["')
    return this.#within(() => {
      const inner = this.observations()
      this.#needs('sign', ')')
      return inner
    })
  }

  #qualifier(): string | null {
    if (this.#takes('word', 'WITHIN')) {
      const seconds = this.#number()
      this.#needs('word', 'SECONDS')
      if (seconds.startsWith('-')) throw this.#problem('a time within which is not below zero')
      return 'WITHIN'
    }
    if (this.#takes('word', 'REPEATS')) {
      const times = this.#needs('int')
      this.#needs('word', 'TIMES')
      if (times.startsWith('-')) throw this.#problem('a number of times is not below zero')
      return 'REPEATS'
    }
    if (!this.#takes('word', 'START')) return null
    const start = this.#needs('timestamp')
    this.#needs('word', 'STOP')
    const stop = this.#needs('timestamp')
    if (Date.parse(stop) <= Date.parse(start)) throw this.#problem('STOP does not come after START')
    return 'START'
  }

  #number(): string {
    const token = this.#peek()
    return token?.kind === 'float' ? this.#needs('float') : this.#needs('int')
  }

  #comparison(): Comparison {
    return this.#comparisons('OR', 'or', () => this.#comparisons('AND', 'and', () => this.#test()))
  }

  #comparisons(word: string, kind: 'and' | 'or', next: () => Comparison): Comparison {
    const first = next()
    const of = [first]
    while (this.#takes('word', word)) of.push(next())
    return of.length === 1 ? first : { kind, of }
  }

  #test(): Comparison {
    if (this.#takes('sign', '(')) {
      return this.#within(() => {
        const inner = this.#comparison()
        this.#needs('sign', ')')
        return inner
      })
    }
    const before = this.#takes('word', 'NOT')
    if (this.#takes('word', 'EXISTS'))
      return { kind: 'test', ...this.#objectPath(), negated: before, operator: 'EXISTS', values: [] }
    if (before) throw this.#problem('NOT stands after the path, or before EXISTS')
    const path = this.#objectPath()
    const negated = this.#takes('word', 'NOT')
    const { operator, values } = this.#operand()
    for (const value of values) this.#checkDigest(path.path, operator, value)
    return { kind: 'test', ...path, negated, operator, values }
  }

  #operand(): { readonly operator: string; readonly values: readonly Literal[] } {
    const token = this.#next('an operator')
    const operator = operators[token.text]
    if (operator === undefined || (token.kind !== 'sign' && token.kind !== 'word'))
      throw new PatternProblem(`"${token.text}" is no operator`, token.at)
    switch (operator) {
      case 'IN':
        return { operator, values: this.#set() }
      case '=':
      case '!=':
        return { operator, values: [this.#literal(true)] }
      case '<':
      case '>':
      case '<=':
      case '>=':
        return { operator, values: [this.#literal(false)] }
      default:
        return { operator, values: [{ kind: 'string', text: this.#needs('string') }] }
    }
  }

  #set(): readonly Literal[] {
    this.#needs('sign', '(')
    const values: Literal[] = []
    if (this.#takes('sign', ')')) return values
    do values.push(this.#literal(true))
    while (this.#takes('sign', ','))
    this.#needs('sign', ')')
    return values
  }

  #literal(withBool: boolean): Literal {
    const { kind, text, at } = this.#next('a value')
    if (kind === 'word' || kind === 'sign' || kind === 'name' || kind === 'type-name' || (kind === 'bool' && !withBool))
      throw new PatternProblem(`"${text}" is no value here`, at)
    return { kind, text }
  }

  #objectPath(): { readonly object: string; readonly path: readonly PathStep[] } {
    const type = this.#next('a type of object')
    if (type.kind !== 'name' && type.kind !== 'type-name')
      throw new PatternProblem(`"${type.text}" is no type of object`, type.at)
    this.#needs('sign', ':')
    const path: PathStep[] = [this.#key()]
    for (;;) {
      if (this.#takes('sign', '.')) path.push(this.#key())
      else if (this.#takes('sign', '[')) {
        path.push(this.#takes('sign', '*') ? -1 : Number(this.#needs('int')))
        this.#needs('sign', ']')
      } else return { object: type.text, path }
    }
  }

  #key(): string {
    const { kind, text, at } = this.#next('a property')
    if (kind !== 'name' && kind !== 'string') throw new PatternProblem(`"${text}" is no name of a property`, at)
    return text
  }

  #checkDigest(path: readonly PathStep[], operator: string, value: Literal): void {
    const length = path.at(-2) === 'hashes' ? digestLengths[String(path.at(-1)).toUpperCase()] : undefined
    if (length === undefined || (operator !== '=' && operator !== '!=' && operator !== 'IN')) return
    if (value.text.length !== length || !/^[0-9a-f]+$/i.test(value.text))
      throw this.#problem(
        `"${value.text.slice(0, 80)}" is no ${String(path.at(-1))}: it has ${length} hexadecimal digits`,
      )
  }

  #within<T>(work: () => T): T {
    this.#depth += 1
    if (this.#depth > depthMax) throw this.#problem(`brackets stand more than ${depthMax} deep`)
    const result = work()
    this.#depth -= 1
    return result
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#at]
  }

  #next(wanted: string): Token {
    const token = this.#tokens[this.#at]
    if (token === undefined) throw new PatternProblem(`it ends where ${wanted} is needed`, this.#length)
    this.#at += 1
    return token
  }

  #takes(kind: Token['kind'], text: string): boolean {
    const token = this.#peek()
    if (token?.kind !== kind || token.text !== text) return false
    this.#at += 1
    return true
  }

  #needs(kind: Token['kind'], text?: string): string {
    const token = this.#next(text === undefined ? `a value (${kind})` : `"${text}"`)
    if (token.kind !== kind || (text !== undefined && token.text !== text))
      throw new PatternProblem(
        `"${token.text}" stands where ${text === undefined ? `a value (${kind})` : `"${text}"`} is needed`,
        token.at,
      )
    return token.text
  }

  #problem(problem: string): PatternProblem {
    return new PatternProblem(problem, this.#peek()?.at ?? this.#length)
  }
}

// biome-ignore format: a table reads better in few lines
const operators: Readonly<Record<string, string>> = {
  '=': '=', '==': '=', '!=': '!=', '<>': '!=', '<': '<', '>': '>', '<=': '<=', '>=': '>=',
  IN: 'IN', LIKE: 'LIKE', MATCHES: 'MATCHES', ISSUBSET: 'ISSUBSET', ISSUPERSET: 'ISSUPERSET',
}
