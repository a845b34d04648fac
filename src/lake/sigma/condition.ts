import { RuleProblem } from './rule.ts'

/** A condition of a rule, with its search identifiers still named. */
export type Condition =
  | { readonly is: 'and' | 'or'; readonly of: readonly Condition[] }
  | { readonly is: 'not'; readonly of: Condition }
  | { readonly is: 'identifier'; readonly name: string }
  /** "1 of selection_*", "all of them". */
  | { readonly is: 'some'; readonly how: 'one' | 'all'; readonly pattern: string }

/** The longest condition of SigmaHQ has 300 characters. */
const conditionCharsMax = 10_000
/** Brackets and nots inside each other. */
const depthMax = 100

type Token = { readonly text: string; readonly at: number }

/**
 * Reads a condition. From least to most binding: or, and, not, x of, brackets (Sigma rules specification 2.1.0, "Condition").
 * Throws RuleProblem that says at which character.
 */
export function readCondition(text: string): Condition {
  if (text.length > conditionCharsMax) throw new RuleProblem(`condition: longer than ${conditionCharsMax} characters`)
  if (text.includes('|'))
    throw new RuleProblem(
      'condition: aggregations after "|" (count, near) are no part of Sigma any more; write a correlation instead',
    )
  const tokens = tokensOf(text)
  const reader = new ConditionReader(tokens, text.length)
  return reader.whole()
}

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = []
  for (const match of text.matchAll(/\s+|[()]|[^\s()]+/g))
    if (match[0].trim() !== '') tokens.push({ text: match[0], at: match.index })
  return tokens
}

class ConditionReader {
  private place = 0
  private depth = 0
  private readonly tokens: readonly Token[]
  private readonly end: number

  constructor(tokens: readonly Token[], end: number) {
    this.tokens = tokens
    this.end = end
  }

  whole(): Condition {
    const condition = this.or()
    const rest = this.tokens[this.place]
    if (rest !== undefined) this.fail(`"${rest.text}" is not expected here`)
    return condition
  }

  private or(): Condition {
    return this.joined('or', () => this.and())
  }

  private and(): Condition {
    return this.joined('and', () => this.not())
  }

  private joined(word: 'and' | 'or', part: () => Condition): Condition {
    const of = [part()]
    while (this.takes(word)) of.push(part())
    const [only] = of
    return of.length === 1 && only !== undefined ? only : { is: word, of }
  }

  private not(): Condition {
    this.depth += 1
    if (this.depth > depthMax) this.fail(`more than ${depthMax} brackets or nots inside each other`)
    const condition: Condition = this.takes('not') ? { is: 'not', of: this.not() } : this.single()
    this.depth -= 1
    return condition
  }

  private single(): Condition {
    if (this.takes('(')) {
      const inner = this.or()
      if (!this.takes(')')) this.fail('a bracket is not closed')
      return inner
    }
    const word = this.next()
    const quantity = word.toLowerCase()
    if ((quantity === '1' || quantity === 'any' || quantity === 'all') && this.takes('of'))
      return { is: 'some', how: quantity === 'all' ? 'all' : 'one', pattern: this.next() }
    if (/^\d+$/.test(word)) this.fail(`"${word} of" is not known, only "1 of", "any of" and "all of"`)
    return { is: 'identifier', name: word }
  }

  private next(): string {
    const token = this.tokens[this.place]
    if (token === undefined) return this.fail('something is missing at the end')
    if (['(', ')', 'and', 'or', 'of'].includes(token.text.toLowerCase()))
      return this.fail(`"${token.text}" stands where a search identifier should be`)
    this.place += 1
    return token.text
  }

  private takes(word: string): boolean {
    if (this.tokens[this.place]?.text.toLowerCase() !== word) return false
    this.place += 1
    return true
  }

  private fail(problem: string): never {
    const at = this.tokens[this.place]?.at ?? this.end
    throw new RuleProblem(`condition, character ${at + 1}: ${problem}`)
  }
}
