import { Trouble } from '../../kit/errors.ts'

/** Longer than any question a person types; a rule that was compiled to SQL does not come this way. */
const sqlCharsMax = 64 * 1024

/** First words of statements that only read. */
const firstWords = new Set(['select', 'with', 'explain', 'describe', 'desc', 'show', 'exists'])
/** What SHOW may show; the rest tells of users, settings and other people's queries. */
const shown = new Set(['tables', 'columns', 'create'])
/** Clauses that write a file, lift a bound, change the form of the answer or act for somebody else; and what is not the lake's. */
const refusedWords = new Set([
  'into',
  'outfile',
  'infile',
  'settings',
  'parallel',
  'execute',
  'system',
  'information_schema',
  // Digests of keys are in there.
  'sources',
  'migrations',
])

/** Table functions that make rows out of what the statement says. Every other one reads files, the network, or what is not the lake's. */
const harmless = new Set([
  'numbers',
  'numbers_mt',
  'zeros',
  'zeros_mt',
  'generateseries',
  'generate_series',
  'values',
  'view',
  'null',
  'format',
  'primes',
])

/**
 * Functions that reach outside of the lake's rows, by name: files, models, services, certificates, dictionaries, waiting, the server's
 * own state. ClickHouse 26.7 with `readonly = 1` alone lets `file` read any file of the machine, INTO OUTFILE write one, and DESCRIBE
 * of a table function touch files and addresses (measured).
 */
const refusedFunctions =
  /^(?:file|ai[a-z]+|catboostevaluate|naivebayes[a-z]*|showcertificate|dict[a-z0-9]+|joinget[a-z]*|sleep[a-z]*|getmacro|getserver[a-z]+|getclienthttpheader|getsetting[a-z]*|filesystem[a-z]+|hostname|fullhostname|fqdn|serveruuid|fuzz[a-z]+|mergetree[a-z]+|eval|(?:current|authenticated|initial)?user|[a-z]+profiles|[a-z]+roles|tcpport|addressto[a-z]+|demangle|trap|executable[a-z]*)$/

const word = /[A-Za-z_][A-Za-z0-9_$]*/y

/**
 * Refuses SQL that does more than read the lake, before the engine sees it: the engine's own `readonly` is the second lock. Reads the
 * statement as ClickHouse's lexer does; what could be read in two ways (comments, quotes of other scripts, heredocs) is refused.
 * `tableFunctions`: all that this engine has, in lower case. Throws Trouble('lake.query') that says what is not allowed.
 */
export function assertReads(sql: string, tableFunctions: ReadonlySet<string>): void {
  if (sql.length > sqlCharsMax) refuse(`a statement of more than ${sqlCharsMax} characters`)
  const words = tokensOf(sql)
  const begin = words.findIndex((token) => token.text !== '(')
  const first = words[begin]?.text ?? ''
  if (!firstWords.has(first)) refuse(first === '' ? 'an empty statement' : `a statement that begins with "${first}"`)
  const second = words[begin + 1]?.text ?? ''
  if (first === 'show' && !shown.has(second)) refuse(`SHOW ${second.toUpperCase()}`)
  for (const [at, { text, isWord }] of words.entries()) {
    if (!isWord) continue
    const calls = words[at + 1]?.text === '('
    if (refusedWords.has(text)) refuse(`the word "${text}"`)
    if (text === 'format' && !calls) refuse('FORMAT: rows come as they are shown')
    if (refusedFunctions.test(text) && (calls || text === 'file')) refuse(`the function ${text}`)
    if (calls && tableFunctions.has(text) && !harmless.has(text)) refuse(`the table function ${text}`)
    // FROM 'name' reads a file of that name.
    if ((text === 'from' || text === 'join' || text === 'table') && words[at + 1]?.text === "'")
      refuse('a file as a table')
  }
}

type Token = { readonly text: string; readonly isWord: boolean }

/** Words and quoted names in lower case, "'" for each text, and each other character; at most one semicolon, at the end. */
function tokensOf(sql: string): Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < sql.length; ) {
    const letter = sql[at] ?? ''
    if (letter === "'" || letter === '"' || letter === '`') {
      const end = endOfQuote(sql, at)
      const isWord = letter !== "'"
      tokens.push({ text: isWord ? unescape(sql.slice(at + 1, end), letter) : "'", isWord })
      at = end + 1
      continue
    }
    word.lastIndex = at
    const found = word.exec(sql)?.[0]
    if (found !== undefined) {
      tokens.push({ text: found.toLowerCase(), isWord: true })
      at += found.length
      continue
    }
    if (sql.startsWith('--', at) || sql.startsWith('/*', at) || letter === '#') refuse('a comment')
    if (letter === '$' || letter === '\0' || letter > '~') refuse(`the character "${letter}" outside of quotes`)
    if (letter === ';' && sql.slice(at + 1).trim() !== '') refuse('more than one statement')
    if (letter.trim() !== '' && letter !== ';') tokens.push({ text: letter, isWord: false })
    at++
  }
  return tokens
}

/** Where a quote ends: a backslash takes the next character with it, two quotes in a row are one. */
function endOfQuote(sql: string, from: number): number {
  const quote = sql[from]
  for (let at = from + 1; at < sql.length; at++) {
    if (sql[at] === '\\') at++
    else if (sql[at] === quote) {
      if (sql[at + 1] !== quote) return at
      at++
    }
  }
  return refuse('a quote that does not end')
}

/** A quoted name as it means: escapes in one would hide it from the lists above, so names with a backslash are refused. */
function unescape(name: string, quote: string): string {
  if (name.includes('\\')) refuse('a backslash in a quoted name')
  return name.replaceAll(quote + quote, quote).toLowerCase()
}

function refuse(what: string): never {
  throw new Trouble('lake.query', { problem: `only reading is possible here: ${what} is not` })
}
