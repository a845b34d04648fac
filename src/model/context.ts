import { z } from 'zod'
import { Level } from './question.ts'

/** A machine, service or application of ours. */
export const Asset = z.object({
  id: z.string().min(1).max(200),
  name: z.string().min(1).max(253),
  /** Other names, lower-case. */
  aliases: z.array(z.string().max(253)).default([]),
  addresses: z.array(z.string().max(64)).default([]),
  owner: z.string().max(200).nullable().default(null),
  ownerEmail: z.string().max(320).nullable().default(null),
  role: z.string().max(500).nullable().default(null),
  application: z.string().max(200).nullable().default(null),
  environment: z.string().max(100).nullable().default(null),
  criticality: Level.nullable().default(null),
  sensitivity: Level.nullable().default(null),
  regulatory: z.array(z.string().max(50)).default([]),
  exposed: z.boolean().nullable().default(null),
  site: z.string().max(200).nullable().default(null),
  tags: z.array(z.string().max(100)).default([]),
  /** What runs on it: CPE 2.3 names, package URLs, or name and version as the source writes them. */
  software: z.array(z.string().max(500)).max(2_000).default([]),
})
export type Asset = z.infer<typeof Asset>

/** A person and the accounts that are theirs. */
export const Person = z.object({
  id: z.string().min(1).max(200),
  name: z.string().min(1).max(200),
  email: z.string().max(320).nullable().default(null),
  accounts: z.array(z.string().max(200)).default([]),
  department: z.string().max(200).nullable().default(null),
  title: z.string().max(200).nullable().default(null),
  manager: z.string().max(200).nullable().default(null),
  privileged: z.boolean().nullable().default(null),
  /** Groups that give rights worth knowing at an alert. */
  groups: z.array(z.string().max(200)).default([]),
  /** Who answers while this person is away: a name or a mail address. */
  deputy: z.string().max(200).nullable().default(null),
})
export type Person = z.infer<typeof Person>

/** One of our own address ranges. */
export const Network = z.object({
  cidr: z.string(),
  name: z.string(),
  site: z.string().nullable().default(null),
  zone: z.string().nullable().default(null),
})
export type Network = z.infer<typeof Network>

/** How an address was given out. */
export const LeaseKind = z.enum(['dhcp', 'vpn', 'static'])
export type LeaseKind = z.infer<typeof LeaseKind>

/** Who had an address from when to when. `to` null: until somebody else had it, as far as the source knows. */
export const Lease = z.object({
  address: z.string().max(64),
  from: z.iso.datetime(),
  to: z.iso.datetime().nullable().default(null),
  kind: LeaseKind.default('dhcp'),
  host: z.string().max(253).nullable().default(null),
  account: z.string().max(200).nullable().default(null),
  mac: z.string().max(23).nullable().default(null),
})
export type Lease = z.infer<typeof Lease>

/** A fact of ours and where it comes from: the list's name, and when that list was true (ISO 8601). */
export type Listed<T> = { readonly fact: T; readonly source: string; readonly asOf: string }

/** A fact older than this is shown with its age: a quarter, the usual review of an asset list. */
export const staleAfterDays = 92

/** Whole days from `asOf` to `now`; null where `asOf` is no moment. */
export function ageDays(asOf: string | null, now: Date): number | null {
  const at = asOf === null ? Number.NaN : Date.parse(asOf)
  return Number.isNaN(at) ? null : Math.floor((now.getTime() - at) / 86_400_000)
}
