import { z } from 'zod'
import { MessageKind } from './message.ts'
import { Rung } from './question.ts'

const Interval = z.object({ from: z.number(), to: z.number() }).nullable()
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
  /** Alerts that arrived in each week (its Monday, UTC), weeks without any included; `off`: of them outside business hours. */
  weeks: z.array(z.object({ week: z.iso.date(), alerts: z.int(), off: z.int() })),
  /** Minutes in which one side waited for the other in the threads of a rule, in all; `n` of its alerts have an answer. Elapsed time, not work. */
  waiting: z.array(z.object({ rule: z.string(), minutes: z.number(), n: z.int() })),
  /** 95 % intervals: of the medians by order statistics, of the fidelity by the spread between alerts. null: too few. */
  intervals: z.object({ them: Interval, us: Interval, fidelity: Interval }),
  unreadMessages: z.array(z.object({ name: z.string(), why: z.string() })),
})
export type Xray = z.infer<typeof Xray>

/** The X-ray as a page to send to somebody: five figures, each with what it means and how far it can be relied on, and what the charts draw. */
export const XrayStory = z.object({
  title: z.string(),
  headline: z.string(),
  figures: z.array(
    z.object({
      name: z.string(),
      value: z.string(),
      means: z.string(),
      /** n, and the interval where there is one. */
      basis: z.string(),
      /** Fewer than 30: the interval says more than the number. */
      few: z.boolean(),
    }),
  ),
  weeks: z.array(z.object({ week: z.string(), alerts: z.int(), off: z.int() })),
  weeksSay: z.string(),
  rungs: z.array(z.object({ title: z.string(), share: z.number(), says: z.string() })),
  rungsSay: z.string(),
  rules: z.array(z.object({ rule: z.string(), minutes: z.number(), says: z.string() })),
  rulesSay: z.string(),
  repeated: z.array(z.object({ rule: z.string(), entity: z.string(), times: z.int() })),
  limits: z.array(z.string()),
})
export type XrayStory = z.infer<typeof XrayStory>
