import type { JsonNode } from './json-text.ts'
import { nodeAt } from './json-text.ts'
import type { Matter } from './matter.ts'

/** True where the mail comes from one of these domains, or carries or answers a mail that does. */
export function fromDomain(matter: Matter, ...domains: string[]): boolean {
  const { from, replyTo, headers } = matter.letter
  const original = headers
    .filter(({ name }) => name === 'x-original-from' || name === 'x-original-sender')
    .map(({ value }) => value)
  const said = [from?.address ?? '', ...replyTo.map(({ address }) => address), ...original, matter.inner?.from ?? '']
    .join(' ')
    .toLowerCase()
  return domains.some((domain) => said.includes(`@${domain}`) || said.includes(`.${domain}`))
}

/** True where the subject or the content says one of these words. */
export function says(matter: Matter, pattern: RegExp): boolean {
  return pattern.test(matter.letter.subject) || matter.pages.some((page) => pattern.test(page.text.slice(0, 20_000)))
}

/** True where a JSON object has all these members. */
export function hasMembers(node: JsonNode | null, ...names: string[]): boolean {
  return names.every((name) => nodeAt(node, name) !== null)
}

/** The time of a JSON value as ISO 8601 UTC. Their clocks write seven decimals; three are kept. */
export function utc(text: string | undefined): string | null {
  if (text === undefined) return null
  const date = new Date(/(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`)
  return Number.isNaN(date.getTime()) ? null : date.toISOString()
}
