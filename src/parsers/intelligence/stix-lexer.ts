/** One word of a STIX pattern. `text` of a literal is what stands between its quotes, with escapes taken out. */
export type Token = {
  readonly kind:
    | 'word'
    | 'name'
    | 'type-name'
    | 'string'
    | 'hex'
    | 'binary'
    | 'timestamp'
    | 'int'
    | 'float'
    | 'bool'
    | 'sign'
  readonly text: string
  readonly at: number
}

/** What stops a pattern from being read, and where (from 0). */
export class PatternProblem extends Error {
  readonly at: number
  constructor(problem: string, at: number) {
    super(`${problem}, at character ${at + 1}`)
    this.at = at
  }
}

// biome-ignore format: a table reads better in few lines
const keywords: ReadonlySet<string> = new Set([
  'AND', 'OR', 'NOT', 'FOLLOWEDBY', 'LIKE', 'MATCHES', 'ISSUPERSET', 'ISSUBSET', 'EXISTS', 'LAST', 'IN', 'START', 'STOP', 'SECONDS', 'WITHIN',
  'REPEATS', 'TIMES',
])

/*
 * The words of the grammar (OASIS cti-pattern-validator, STIXPattern.g4), the longest match first. Each is sticky and begins at a fixed
 * sign, so that none is tried from more than one place.
 */
const skipped = /(?:[\s\u0085]+|\/\*[\s\S]*?\*\/|\/\/[^\r\n]*)+/y
const timestamp =
  /t'(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?Z)'/y
const hex = /h'((?:[0-9A-Fa-f]{2})*)'/y
const binary = /b'((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==))'/y
const string = /'((?:[^'\\]|\\'|\\\\)*)'/y
const float = /[+-]?\d*\.\d+/y
const int = /[+-]?(?:0|[1-9]\d*)/y
const name = /[A-Za-z_][A-Za-z0-9_-]*/y
const sign = /==|!=|<>|<=|>=|[=<>:.,()[\]*]/y

/** The words of a pattern. Throws PatternProblem. */
export function tokensOf(pattern: string): readonly Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < pattern.length; ) {
    const blank = matched(skipped, pattern, at)
    if (blank !== null) {
      at += blank[0].length
      continue
    }
    const token = tokenAt(pattern, at)
    if (token === null) throw new PatternProblem(`"${pattern.slice(at, at + 20)}" is no word of a pattern`, at)
    tokens.push({ kind: token.kind, text: token.text, at })
    at += token.length
  }
  return tokens
}

type Found = { readonly kind: Token['kind']; readonly text: string; readonly length: number }

function tokenAt(pattern: string, at: number): Found | null {
  const quoted: readonly (readonly [Token['kind'], RegExp])[] = [
    ['timestamp', timestamp],
    ['hex', hex],
    ['binary', binary],
  ]
  for (const [kind, form] of quoted) {
    const found = matched(form, pattern, at)
    if (found !== null) return { kind, text: found[1] ?? '', length: found[0].length }
  }
  const text = matched(string, pattern, at)
  if (text !== null)
    return { kind: 'string', text: (text[1] ?? '').replaceAll(/\\(['\\])/g, '$1'), length: text[0].length }
  for (const [kind, form] of [['float', float] as const, ['int', int] as const]) {
    const found = matched(form, pattern, at)
    if (found !== null) return { kind, text: found[0], length: found[0].length }
  }
  const word = matched(name, pattern, at)?.[0]
  if (word !== undefined) return { kind: kindOfWord(word), text: word, length: word.length }
  const mark = matched(sign, pattern, at)?.[0]
  return mark === undefined ? null : { kind: 'sign', text: mark, length: mark.length }
}

function kindOfWord(word: string): Token['kind'] {
  if (keywords.has(word)) return 'word'
  if (word === 'true' || word === 'false') return 'bool'
  return word.includes('-') ? 'type-name' : 'name'
}

function matched(form: RegExp, text: string, at: number): RegExpExecArray | null {
  form.lastIndex = at
  return form.exec(text)
}
