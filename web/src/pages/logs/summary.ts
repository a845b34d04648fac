import type { LogEvent, OcsfPath } from '../../../../src/model/lake.ts'
import { ocsfClasses } from '../../../../src/model/lake.ts'
import { inert } from '../../parts/inert.ts'
import { bytesWords, msWords } from '../../words.ts'

/** Three lines of a wide screen; more is in the raw line. */
const summaryCharsMax = 600

type Attributes = LogEvent['attributes']

const text = (attributes: Attributes, path: OcsfPath): string => {
  const value = attributes[path]
  return value === undefined ? '' : Array.isArray(value) ? value.join(', ') : String(value)
}
const join = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join(' ')
const commas = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join(', ')
const before = (word: string, value: string): string => (value === '' ? '' : `${word} ${value}`)
const quoted = (value: string): string => (value === '' ? '' : `“${value}”`)

/** "192.0.2.4:5123", or the host's name where there is no address. */
function end(a: Attributes, side: 'src_endpoint' | 'dst_endpoint'): string {
  const host = text(a, `${side}.ip`) || text(a, `${side}.hostname`)
  const port = text(a, `${side}.port`)
  return host === '' || port === '' ? host : `${host.includes(':') ? `[${host}]` : host}:${port}`
}

const between = (a: Attributes): string => {
  const [from, to] = [end(a, 'src_endpoint'), end(a, 'dst_endpoint')]
  return from === '' || to === '' ? from || before('to', to) : `${from} → ${to}`
}
const who = (a: Attributes): string => text(a, 'user.name') || text(a, 'actor.user.name')
const where = (a: Attributes): string => text(a, 'device.hostname') || text(a, 'device.ip')
const verdict = (a: Attributes): string => text(a, 'action') || text(a, 'status')

function traffic(a: Attributes): string {
  const out = Number(a['traffic.bytes_out'] ?? 0)
  const into = Number(a['traffic.bytes_in'] ?? 0)
  const lasted = Number(a['duration'] ?? 0)
  return join(
    out + into === 0 ? '' : `${bytesWords(out)} out, ${bytesWords(into)} in`,
    lasted === 0 ? '' : `over ${msWords(lasted)}`,
  )
}

const says: Partial<Record<number, (a: Attributes) => string>> = {
  1001: (a) =>
    join(text(a, 'activity_name'), text(a, 'file.path'), before('by', text(a, 'process.file.path') || who(a))),
  1005: (a) => join(text(a, 'process.file.path'), before('loaded', text(a, 'file.path'))),
  1007: (a) =>
    join(
      who(a) === '' ? '' : `${who(a)}:`,
      text(a, 'process.cmd_line') || text(a, 'process.file.path'),
      before('under', text(a, 'process.parent_process.file.path')),
    ),
  2004: (a) => join(text(a, 'finding_info.title'), between(a), who(a)),
  3001: (a) => join(text(a, 'actor.user.name'), text(a, 'activity_name'), before('account', text(a, 'user.name'))),
  3002: (a) =>
    join(
      who(a) || 'somebody',
      text(a, 'activity_name').toLowerCase() || 'signed in',
      verdict(a),
      before('from', end(a, 'src_endpoint')),
    ),
  4001: (a) => commas(join(verdict(a), between(a), text(a, 'connection_info.protocol_name')), traffic(a)),
  4002: (a) =>
    join(
      end(a, 'src_endpoint') || who(a),
      text(a, 'http_request.http_method'),
      text(a, 'http_request.url.url_string'),
      text(a, 'http_response.code'),
      verdict(a),
    ),
  4003: (a) =>
    join(
      end(a, 'src_endpoint') || where(a),
      before('asked for', text(a, 'query.hostname')),
      text(a, 'query.type'),
      before('→', text(a, 'answers')),
    ),
  6003: (a) =>
    join(
      who(a),
      text(a, 'metadata.event_code') || text(a, 'activity_name'),
      verdict(a),
      before('from', end(a, 'src_endpoint')),
    ),
}

/** What an event says, in one line, out of its columns; where they say too little, its own message, and else the line itself. */
export function summaryOf(event: LogEvent): string {
  const said = says[event.class_uid]?.(event.attributes) ?? ''
  const general = join(
    text(event.attributes, 'activity_name'),
    who(event.attributes),
    between(event.attributes),
    verdict(event.attributes),
  )
  const line = said.length > 3 ? said : join(general, quoted(event.message))
  return inert((line.length > 3 ? line : event.message || event.raw).slice(0, summaryCharsMax).replaceAll(/\s+/g, ' '))
}

/** "Network Activity"; null for a class that is none of ours. */
export function className(uid: number): string | null {
  return (ocsfClasses as Readonly<Record<number, string>>)[uid] ?? null
}
