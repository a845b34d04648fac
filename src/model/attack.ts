import { z } from 'zod'

/** A technique or tactic of MITRE ATT&CK, as the version that was imported has it. Ids and tactics are data, never names in code. */
export type AttackEntry = {
  /** T1566.001, TA0001. */
  readonly id: string
  readonly kind: 'technique' | 'tactic'
  readonly name: string
  /** Of a tactic: the word by which techniques name it. */
  readonly shortName: string | null
  readonly tactics: readonly string[]
  /** What took its place, where it was revoked. */
  readonly revokedBy: string | null
  readonly deprecated: boolean
}

/** A technique that somebody named, and what it is called now. */
export const Technique = z.object({
  /** As it was named. */
  named: z.string(),
  /** What it is now; the same where it was not revoked. */
  id: z.string(),
  name: z.string(),
  tactics: z.array(z.string()),
  deprecated: z.boolean(),
})
export type Technique = z.infer<typeof Technique>
