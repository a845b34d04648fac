/** What a shipper says about a line besides the line: all of it as text. `at` is ISO 8601. */
export type Envelope = {
  readonly at?: string | undefined
  readonly host?: string | undefined
  /** Everything else by name: source, sourcetype, index, fields... */
  readonly more: Readonly<Record<string, string>>
}

/** user.info: what a shipper sends has no priority of its own. */
const priority = '<14>1'
/** Private enterprise number that RFC 5612 keeps for examples: nobody else's structured data has it. */
const elementId = 'shipper@32473'
/** RFC 5424, section 6.2.4: visible ASCII, at most 255 of it. */
const hostShape = /^[\x21-\x7e]{1,255}$/

/**
 * A RFC 5424 header that says what the envelope says, to stand before the line; '' where it says nothing. So the line and all that was
 * sent with it are kept in one place, and are read as any other line with a header: the parsers see the line, time and host are known.
 */
export function headerOf({ at, host, more }: Envelope): string {
  const hostIsPlain = host !== undefined && hostShape.test(host)
  const said = { ...(host === undefined || hostIsPlain ? {} : { host }), ...more }
  const params = Object.entries(said).map(([name, value]) => `${name}="${escaped(value)}"`)
  if (at === undefined && host === undefined && params.length === 0) return ''
  const data = params.length === 0 ? '-' : `[${elementId} ${params.join(' ')}]`
  return `${priority} ${at ?? '-'} ${hostIsPlain ? host : '-'} - - - ${data} `
}

/** RFC 5424, section 6.3.3. Line ends would make two lines of one. */
function escaped(value: string): string {
  return value.replaceAll(/["\\\]]/g, '\\$&').replaceAll(/\r?\n/g, ' ')
}
