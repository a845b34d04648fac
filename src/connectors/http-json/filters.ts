import ipaddr from 'ipaddr.js'

/** What a filter makes of a value; or why the value cannot stand there. */
export type Piece = { readonly piece: string | number } | { readonly refused: string }
type Filter = (text: string) => Piece

/** Control characters, and the line ends that some query languages take for one (U+0085, U+2028, U+2029). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/

const piece = (text: string | number): Piece => ({ piece: text })
const refused = (text: string, why: string): Piece => ({ refused: `"${shown(text)}" ${why}` })

function shown(text: string): string {
  const line = text.slice(0, 60).replaceAll(new RegExp(control, 'g'), '?')
  return line.length < text.length ? `${line}…` : line
}

/** A quoted text of a query language. What the language has no safe way to write is refused, never left out. */
function literal(quote: string, escaped: RegExp, forbidden: RegExp, escapeBy: (char: string) => string): Filter {
  return (text) => {
    if (control.test(text)) return refused(text, 'has control characters, and is not asked about')
    if (forbidden.test(text)) return refused(text, 'has letters that mean something else in a query there')
    return piece(`${quote}${text.replaceAll(escaped, escapeBy)}${quote}`)
  }
}

const backslashed = (char: string): string => `\\${char}`
const never = /(?!)/g

const only =
  (pattern: RegExp, what: string): Filter =>
  (text) =>
    pattern.test(text) ? piece(text) : refused(text, `is no ${what}`)

const time =
  (write: (at: Date) => string | number): Filter =>
  (text) => {
    const at = new Date(text)
    return Number.isNaN(at.getTime()) ? refused(text, 'is no time') : piece(write(at))
  }

/**
 * What may stand after the | of a place. The first group gives a whole literal, quotes and all, so that a template cannot forget them;
 * the second lets through only what is of that kind, and so has nothing to escape; the others change how a value is written.
 */
export const literals: Readonly<Record<string, Filter>> = {
  /** Kusto: \ and " are escaped (learn.microsoft.com, "The string data type"). */
  kql: literal('"', /[\\"]/g, never, backslashed),
  /** Splunk: a * is a wildcard within quotes too and cannot be escaped; a backtick begins a macro. */
  spl: literal('"', /[\\"]/g, /[*`]/, backslashed),
  /** Lucene phrase: no wildcards in it. */
  lucene: literal('"', /[\\"]/g, never, backslashed),
  /** Falcon Query Language: its escapes are not written down anywhere, and no name of ours needs them. */
  fql: literal("'", never, /['\\*]/, backslashed),
  /** OData: a ' is doubled (OData 4.01, 5.1.1.6.1). */
  odata: literal("'", /'/g, never, (char) => char + char),
  /** MISP restSearch: % is a wildcard, && and || combine, ! turns round. It has no quotes. */
  misp: literal('', never, /%|&&|\|\||^!/, backslashed),
  /** ServiceNow encoded query: ^ ends a condition, and "javascript:" is run there. It has no quotes. */
  servicenow: literal('', never, /\^|javascript:/i, backslashed),
}

const kinds: Readonly<Record<string, Filter>> = {
  address: (text) =>
    ipaddr.isValid(text) && (ipaddr.IPv6.isValid(text) || ipaddr.IPv4.isValidFourPartDecimal(text))
      ? piece(ipaddr.process(text.replace(/%.*$/, '')).toString())
      : refused(text, 'is no address'),
  hostname: only(/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/, 'host name'),
  hash: only(/^(?:[0-9A-Fa-f]{32}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}|[0-9A-Fa-f]{128})$/, 'digest'),
  cve: only(/^CVE-\d{4}-\d{4,19}$/i, 'CVE number'),
}

const writings: Readonly<Record<string, Filter>> = {
  lower: (text) => piece(text.toLowerCase()),
  upper: (text) => piece(text.toUpperCase()),
  /** The first label of a name: sources that know hosts by it are asked so, and the mapping compares the whole. */
  short: (text) => piece(ipaddr.isValid(text) ? text : (text.split('.')[0] ?? text)),
  base64url: (text) => piece(Buffer.from(text).toString('base64url')),
  unix: time((at) => Math.floor(at.getTime() / 1000)),
  'unix-ms': time((at) => at.getTime()),
  seconds: time((at) => at.toISOString().replace(/\.\d+Z$/, 'Z')),
  'date-time': time((at) => at.toISOString().slice(0, 19).replace('T', ' ')),
  'pan-os-time': time((at) => at.toISOString().slice(0, 19).replaceAll('-', '/').replace('T', ' ')),
}

const filters: Readonly<Record<string, Filter>> = { ...literals, ...kinds, ...writings }

export const filterNames = Object.keys(filters)
/** Filters after which a value can stand inside of a query: it is a literal, or has nothing to escape. */
export const safeFilters: readonly string[] = [
  ...Object.keys(literals),
  ...Object.keys(kinds),
  'base64url',
  'unix',
  'unix-ms',
  'seconds',
  'date-time',
  'pan-os-time',
]

/** Runs a value through filters, one after the other. Unknown names are refused when a description is checked. */
export function filtered(value: unknown, names: readonly string[]): Piece {
  let now: Piece = { piece: typeof value === 'number' ? value : String(value).toWellFormed() }
  for (const name of names) {
    if ('refused' in now) return now
    const filter = filters[name]
    now = filter === undefined ? { refused: `there is no filter "${name}"` } : filter(String(now.piece))
  }
  return now
}
