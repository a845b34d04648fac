import ipaddr from 'ipaddr.js'
import type { SyslogDoor } from '../../config/config.ts'
import { Trouble } from '../../kit/errors.ts'
import { inRanges, plainAddress } from '../../kit/ip-ranges.ts'
import { sourceIdPattern } from '../../model/lake.ts'

/** Addresses whose source is remembered: as many hosts as a large site has; then it begins anew. */
const rememberedMax = 10_000
/** Refused senders that are named; more are only counted. */
const refusedNamedMax = 100

export type RefusedSender = { readonly address: string; readonly count: number; readonly last: string }

/** Which source a sender's lines belong to, and who was refused. */
export type Senders = {
  /** The source of this address; null: its lines are not taken. */
  readonly sourceOf: (address: string) => string | null
  /** Puts down that something of this sender was refused. True the first time, which is worth a line in the log. */
  readonly refuse: (address: string, now: Date) => boolean
  readonly refused: () => { readonly count: number; readonly senders: readonly RefusedSender[] }
}

/** Throws Trouble('input.invalid') that names the range or the source which cannot be read: a range that holds nobody would be silence. */
export function sendersOf(config: Pick<SyslogDoor, 'sources' | 'otherwise'>): Senders {
  check(config)
  const known = new Map<string, string | null>()
  const refused = new Map<string, { count: number; last: string }>()
  let refusedCount = 0
  const look = (address: string): string | null =>
    config.sources.find(({ from }) => inRanges(address, from))?.source ?? config.otherwise ?? null
  return {
    sourceOf: (address) => {
      const plain = plainAddress(address)
      const remembered = known.get(plain)
      if (remembered !== undefined) return remembered
      if (known.size >= rememberedMax) known.clear()
      const source = look(plain)
      known.set(plain, source)
      return source
    },
    refuse: (address, now) => {
      refusedCount += 1
      const plain = plainAddress(address)
      const before = refused.get(plain)
      if (before === undefined && refused.size >= refusedNamedMax) return false
      refused.set(plain, { count: (before?.count ?? 0) + 1, last: now.toISOString() })
      return before === undefined
    },
    refused: () => ({
      count: refusedCount,
      senders: [...refused].map(([address, one]) => ({ address, ...one })).toSorted((a, b) => b.count - a.count),
    }),
  }
}

function check(config: Pick<SyslogDoor, 'sources' | 'otherwise'>): void {
  for (const [place, { from, source }] of config.sources.entries()) {
    const setting = `lake.syslog.sources[${place}]`
    const unreadable = from.find((range) => !ipaddr.isValid(range) && !ipaddr.isValidCIDR(range))
    if (unreadable !== undefined)
      throw new Trouble('input.invalid', { setting, problem: `"${unreadable}" is no address and no CIDR range` })
    checkSource(setting, source)
  }
  if (config.otherwise !== undefined) checkSource('lake.syslog.otherwise', config.otherwise)
}

function checkSource(setting: string, source: string): void {
  if (sourceIdPattern.test(source)) return
  throw new Trouble('input.invalid', {
    setting,
    problem: `"${source}" cannot name a source: lower-case letters, digits, ".", "_" and "-", at most 63 of them`,
  })
}
