import { z } from 'zod'
import { Offices } from './office.ts'
import { Provider } from './provider.ts'
import { ReleaseSigning, SecondWait } from './release.ts'
import { Ticketing } from './ticket.ts'

export const configFormat = 'counterfoil.config/1'

/**
 * The settings of the page as one document. Of a secret it says that there is one, never what it is. Left out because they have versions of
 * their own or stand elsewhere: playbooks, readers, users and keys, log sources, and `counterfoil.yaml`.
 */
export const ConfigFile = z.strictObject({
  format: z.literal(configFormat),
  /** null: nobody set it, and the default of counterfoil.yaml counts. */
  settings: z.strictObject({
    ownDomains: z.array(z.string().max(253)).max(100).nullable(),
    replyHoldSeconds: z.number().min(0).max(3600).nullable(),
    releaseSigning: ReleaseSigning.nullable().default(null),
    secondWait: SecondWait.nullable().default(null),
    sourcePrecedence: z.array(z.string().max(100)).max(100).nullable(),
    /** Who signs for HR, legal and so on. */
    offices: Offices.nullable().default(null),
  }),
  providers: z.record(z.string(), Provider.omit({ id: true })),
  ticketing: Ticketing,
  connectors: z.record(
    z.string().regex(/^[a-z][a-z0-9-]{0,62}$/),
    z.strictObject({
      kind: z.string().max(64),
      title: z.string().trim().min(1).max(200),
      enabled: z.boolean(),
      settings: z.record(z.string(), z.unknown()),
      /** Which secrets are stored; a file cannot bring one. */
      secrets: z.array(z.string()),
    }),
  ),
  /** Minutes of silence after which a source rings (docs/operations.md). */
  watches: z.record(z.string().max(300), z.int().min(1).max(129_600)),
})
export type ConfigFile = z.infer<typeof ConfigFile>

export type ConfigVersion = {
  readonly version: number
  readonly kind: 'before' | 'applied' | 'rolled-back'
  readonly digest: string
  readonly note: string
  readonly by: string
  readonly at: string
}

/** One place that differs; null: it is not there on that side. Values as JSON. */
export type ConfigChange = { readonly path: string; readonly running: string | null; readonly wanted: string | null }

/** What differs, place by place. Lists are one value: their order counts. Pure. */
export function changesBetween(running: unknown, wanted: unknown): ConfigChange[] {
  const [ours, theirs] = [leavesOf(running), leavesOf(wanted)]
  return [...new Set([...ours.keys(), ...theirs.keys()])].toSorted().flatMap((path) => {
    const [before = null, after = null] = [ours.get(path), theirs.get(path)]
    return before === after ? [] : [{ path, running: before, wanted: after }]
  })
}

function leavesOf(value: unknown, path = '', into = new Map<string, string>()): Map<string, string> {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    if (path !== '') into.set(path, JSON.stringify(value))
    return into
  }
  for (const [key, one] of Object.entries(value)) leavesOf(one, path === '' ? key : `${path}.${key}`, into)
  return into
}
