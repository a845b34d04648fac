import ipaddr from 'ipaddr.js'
import type { AnswerOf } from '../../model/question.ts'
import type { Entity, RdapDomain, RdapNetwork } from './schema.ts'

/** An event's date as ISO 8601; null where it is none. */
function eventAt(events: RdapDomain['events'], action: string): string | null {
  const at = Date.parse(events.find((event) => event.eventAction.toLowerCase() === action)?.eventDate ?? '')
  return Number.isNaN(at) ? null : new Date(at).toISOString()
}

/** Entities stand within entities: the abuse desk within the registrar. */
function withRole(entities: readonly Entity[], role: string): Entity | null {
  for (const entity of entities) {
    if (entity.roles.some((one) => one.toLowerCase() === role)) return entity
    const inner = withRole(entity.entities, role)
    if (inner !== null) return inner
  }
  return null
}

/** A property of a jCard (RFC 7095): [name, parameters, type, value]. */
function cardOf(entity: Entity | null, property: string): string | null {
  for (const [name, , , value] of entity?.vcardArray?.[1] ?? [])
    if (name === property && typeof value === 'string' && value.trim() !== '') return value.trim().slice(0, 500)
  return null
}

/** Null when it is of another domain than was asked about. */
export function domainAnswer(domain: RdapDomain, asked: string): AnswerOf<'registration-of-domain'> | null {
  const name = domain.ldhName?.toLowerCase().replace(/\.$/, '') ?? asked
  if (name !== asked) return null
  return {
    domain: name,
    registrar: cardOf(withRole(domain.entities, 'registrar'), 'fn'),
    registeredAt: eventAt(domain.events, 'registration'),
    changedAt: eventAt(domain.events, 'last changed'),
    expiresAt: eventAt(domain.events, 'expiration'),
    status: domain.status,
    nameServers: domain.nameservers.flatMap(({ ldhName }) => (ldhName === undefined ? [] : [ldhName.toLowerCase()])),
  }
}

/** Null when the address is not in it. */
export function networkAnswer(
  network: RdapNetwork,
  address: string,
  now: Date,
): AnswerOf<'network-owner-of-address'> | null {
  const { startAddress, endAddress, cidr0_cidrs: cidrs } = network
  if (startAddress !== undefined && endAddress !== undefined && !isBetween(address, startAddress, endAddress))
    return null
  const range = startAddress === undefined || endAddress === undefined ? null : `${startAddress} - ${endAddress}`
  const [first] = cidrs
  const prefix = first?.v4prefix ?? first?.v6prefix
  const country = network.country?.toUpperCase() ?? ''
  return {
    address,
    network: cidrs.length === 1 && prefix !== undefined ? `${prefix}/${first?.length}` : range,
    name: network.name ?? network.handle ?? null,
    organisation: cardOf(withRole(network.entities, 'registrant'), 'fn'),
    country: /^[A-Z]{2}$/.test(country) ? country : null,
    city: null,
    asn: null,
    abuseContact: cardOf(withRole(network.entities, 'abuse'), 'email'),
    registeredAt: eventAt(network.events, 'registration'),
    asOf: now.toISOString(),
  }
}

function isBetween(address: string, start: string, end: string): boolean {
  if (![address, start, end].every((one) => ipaddr.isValid(one))) return false
  const [is, from, to] = [address, start, end].map((one) => Buffer.from(ipaddr.parse(one).toByteArray()))
  if (
    is === undefined ||
    from === undefined ||
    to === undefined ||
    is.length !== from.length ||
    is.length !== to.length
  )
    return false
  return Buffer.compare(is, from) >= 0 && Buffer.compare(is, to) <= 0
}
