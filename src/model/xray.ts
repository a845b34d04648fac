import { z } from 'zod'
import { MessageKind } from './message.ts'
import { Rung } from './question.ts'

const Wait = z.object({ medianMinutes: z.number().nullable(), n: z.int() })

/** What a folder of old provider mail says about the relationship. `read + reply + unread = in`, always. */
export const Xray = z.object({
  messages: z.object({
    in: z.int(),
    read: z.int(),
    reply: z.int(),
    unread: z.int(),
    /** By kind: alert, update, notice, report, advertising, bounce, auto-reply... counted under read or reply. */
    kinds: z.partialRecord(MessageKind, z.int()),
  }),
  ours: z.array(z.string()),
  providers: z.array(
    z.object({ id: z.string(), name: z.string(), domains: z.array(z.string()), messages: z.int(), alerts: z.int() }),
  ),
  alerts: z.int(),
  tickets: z.int(),
  from: z.iso.datetime().nullable(),
  to: z.iso.datetime().nullable(),
  rules: z.array(z.object({ rule: z.string(), alerts: z.int(), share: z.number() })),
  /** The same question asked twice or more: same rule about the same entity, in different alerts. */
  repeated: z.array(
    z.object({
      rule: z.string(),
      entity: z.string(),
      times: z.int(),
      first: z.string().nullable(),
      last: z.string().nullable(),
    }),
  ),
  /** Median minutes until the other side answered in a thread. `them`: we waited for them. `us`: they waited for us. */
  waits: z.object({ them: Wait, us: Wait }),
  /** Share (0..1) of alerts that arrived outside business hours; null without a dated alert. */
  offHoursShare: z.number().nullable(),
  /** For each rung of the ladder: alerts that came with it, and the share. `fidelity` is the mean share of rungs delivered. */
  evidence: z.object({
    rungs: z.array(z.object({ rung: Rung, alerts: z.int(), share: z.number() })),
    fidelity: z.number().nullable(),
  }),
  unreadMessages: z.array(z.object({ name: z.string(), why: z.string() })),
})
export type Xray = z.infer<typeof Xray>
