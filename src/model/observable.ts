import { z } from 'zod'

/** The kinds of observable we read. Names follow STIX cyber-observables where they exist, shortened as analysts say them. */
// biome-ignore format: a table reads better in few lines
export const observableTypes = [
  'ipv4', 'ipv6', 'cidr', 'domain', 'url', 'email', 'md5', 'sha1', 'sha256', 'sha512', 'ssdeep', 'imphash', 'ja3', 'ja4',
  'cve', 'attack', 'asn', 'mac', 'regkey', 'filepath', 'filename', 'mutex', 'guid', 'sid', 'useragent', 'hostname', 'user',
  'btc', 'eth', 'xmr',
] as const
export const ObservableType = z.enum(observableTypes)
export type ObservableType = z.infer<typeof ObservableType>

/** An observable in a text. `start`/`end` are UTF-16 code units of that text; `text` is what stood there; `value` is refanged and normalised. */
export const Observable = z.object({
  type: ObservableType,
  value: z.string(),
  start: z.int().nonnegative(),
  end: z.int().nonnegative(),
  text: z.string(),
})
export type Observable = z.infer<typeof Observable>

/**
 * A place in a message: `part` is the path of a text part ("subject", "1", "1.2", "attachment:3"), offsets are UTF-16 code
 * units of that part's decoded text.
 */
export const Span = z.object({ part: z.string(), start: z.int().nonnegative(), end: z.int().nonnegative() })
export type Span = z.infer<typeof Span>

/** An observable and the part of the message it was read from. */
export const Sighting = Observable.extend({ part: z.string() })
export type Sighting = z.infer<typeof Sighting>
