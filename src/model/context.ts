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
