import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { wordsOf } from '../../kit/errors.ts'
import type { AskContext, Connector, Health } from '../../model/connector.ts'
import type { Listed, Network } from '../../model/context.ts'
import type { Answered } from '../../model/finding.ts'
import { houseConnectors } from '../../model/house-connectors.ts'
import type { AnswerOf } from '../../model/question.ts'

export type NetworkLookups = {
  /** The smallest of our ranges that has this address in it; null: none has. */
  readonly containing: (address: string) => Promise<Listed<Network> | null>
  /** When a list of networks was last imported (ISO 8601); null: never. */
  readonly importedAt: () => Promise<string | null>
  /** Names of an address by reverse DNS; empty where there is none. Left out: DNS is not asked. */
  readonly reverse?: (address: string, signal: AbortSignal) => Promise<readonly string[]>
}

const NetworkAsk = z.object({ address: z.string() })

/** Our own address ranges: is this address one of ours, and which. */
export function ownNetworks(lookups: NetworkLookups): Connector {
  return {
    id: 'own-networks',
    title: houseConnectors['own-networks'],
    answers: ['network-of-address'],
    limits: { timeoutMs: 2_000, concurrency: 8, perMinute: Number.POSITIVE_INFINITY },
    scope:
      'Knows the ranges that were imported, and asks our DNS for the name of an address within them. It never asks DNS about foreign addresses: their owners would see it.',
    copy: 'the lists of our networks',
    ask: async (_question, ask, context) => whichOf(lookups, NetworkAsk.parse(ask).address, context),
    health: () => health(lookups),
  }
}

async function whichOf(lookups: NetworkLookups, text: string, { signal }: AskContext): Promise<Answered> {
  const query = `own networks with ${text}`
  if (!isAddress(text)) return { kind: 'not-applicable', why: `"${text}" is no address` }
  if ((await lookups.importedAt()) === null) {
    return {
      kind: 'not-collected',
      why: 'no list of our networks was ever imported (counterfoil import networks FILE)',
      query,
    }
  }
  const address = ipaddr.process(text)
  const listed = await lookups.containing(address.toString())
  if (listed === null) {
    const answer: AnswerOf<'network-of-address'> = { ours: false, network: null, name: null, site: null, zone: null }
    const warnings = isPrivate(address)
      ? ['It is a private address, but in none of the ranges we know: the list may have a gap.']
      : []
    return { kind: 'found', answer, query, warnings }
  }
  const { cidr, name, site, zone } = listed.fact
  const answer: AnswerOf<'network-of-address'> = { ours: true, network: cidr, name, site, zone }
  return { kind: 'found', answer, query, warnings: await reverseNames(lookups, address.toString(), signal) }
}

function isPrivate(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return ['private', 'uniqueLocal', 'linkLocal'].includes(address.range())
}

/** DNS is an extra: what it says, or that it failed, is told beside the answer and never in its place. */
async function reverseNames(lookups: NetworkLookups, address: string, signal: AbortSignal): Promise<string[]> {
  if (lookups.reverse === undefined) return []
  try {
    const names = await lookups.reverse(address, signal)
    return names.length === 0 ? [] : [`DNS names it ${names.slice(0, 4).join(', ')}.`]
  } catch (error) {
    return [`DNS could not be asked for its name: ${wordsOf(error)}`]
  }
}

async function health(lookups: NetworkLookups): Promise<Health> {
  const at = await lookups.importedAt()
  if (at === null)
    return { state: 'not-configured', says: 'No list of our networks was ever imported.', lastSuccess: null }
  return { state: 'active', says: 'Our networks are known.', lastSuccess: at, newest: at }
}

/** Not ipaddr.js's isValid: that takes inet_aton's "10.0.0" and "0x7f.1" for addresses. A zone ("fe80::1%eth0") means nothing elsewhere. */
function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes('%')
}
