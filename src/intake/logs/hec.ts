import { z } from 'zod'
import type { HecCode } from '../../model/log-post.ts'
import { type Envelope, headerOf } from './header.ts'
import { membersOf, onOneLine, stringIn } from './json-values.ts'

const Said = z.union([z.string(), z.number(), z.boolean()]).transform(String)
/** The envelope as far as we look into it; unknown members are kept as well (`more`). */
const Sent = z.looseObject({
  time: Said.optional().catch(undefined),
  host: Said.optional().catch(undefined),
  event: z.unknown().optional(),
})

/** Seconds since 1970 with a fraction, as Splunk's clients write them; ten digits until the year 2286. */
const epochShape = /^(\d{1,11})(?:\.(\d{1,9}))?$/

export type HecLine =
  | { readonly kind: 'line'; readonly line: Buffer }
  | { readonly kind: 'refused'; readonly why: HecCode }

/**
 * The line that one HEC event is kept as: `event` as it was sent (a text as its text, an object as its bytes on one line), with
 * everything else of its envelope in a header before it (header.ts).
 */
export function hecLine(sent: Buffer): HecLine {
  let value: unknown
  try {
    value = JSON.parse(sent.toString())
  } catch {
    return { kind: 'refused', why: 'invalidFormat' }
  }
  const parsed = Sent.safeParse(value)
  if (!parsed.success) return { kind: 'refused', why: 'invalidFormat' }
  const members = membersOf(sent)
  const event = members.get('event')
  if (event === undefined || parsed.data.event === null) return { kind: 'refused', why: 'eventNeeded' }
  const text = stringIn(event)
  if (text?.trim() === '') return { kind: 'refused', why: 'eventBlank' }
  const body = text === null ? onOneLine(event) : Buffer.from(withoutLineEnd(text))
  return { kind: 'line', line: Buffer.concat([Buffer.from(headerOf(envelopeOf(parsed.data, members))), body]) }
}

function envelopeOf(sent: z.infer<typeof Sent>, members: ReadonlyMap<string, Buffer>): Envelope {
  const at = sent.time === undefined ? undefined : isoOf(sent.time)
  const known = new Set(['event', ...(at === undefined ? [] : ['time']), ...(sent.host === undefined ? [] : ['host'])])
  const more: Record<string, string> = {}
  for (const [name, bytes] of members)
    if (!known.has(name)) more[paramName(name)] = stringIn(bytes) ?? onOneLine(bytes).toString()
  return { at, host: sent.host, more }
}

/** RFC 5424 allows 32 visible characters without '=', ']' and '"' in a name. */
function paramName(name: string): string {
  return name.replaceAll(/[^\x21\x23-\x3c\x3e-\x5c\x5e-\x7e]/g, '_').slice(0, 32) || '_'
}

/** With as many digits of the fraction as RFC 5424 has place for; undefined where it is no such time, and then it is kept as it is. */
function isoOf(time: string): string | undefined {
  const match = epochShape.exec(time.trim())
  if (match === null) return undefined
  const at = new Date(Number(match[1]) * 1000)
  if (Number.isNaN(at.getTime()) || at.getUTCFullYear() > 9999) return undefined
  const fraction = match[2] === undefined ? '' : `.${match[2].slice(0, 6)}`
  return `${at.toISOString().slice(0, 19)}${fraction}Z`
}

function withoutLineEnd(text: string): string {
  return text.replace(/[\r\n]+$/, '')
}
