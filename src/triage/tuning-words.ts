import type { TuningState } from '../model/tuning.ts'

/** Refusals first: "we cannot exclude this host" names both. */
const words: readonly (readonly [Exclude<TuningState, 'asked' | 'withdrawn'>, RegExp])[] = [
  ['refused', /\b(?:cannot|can not|can't|unable to|not able to|will not|won't|not possible|declined?|against our policy)\b[^.\n]{0,80}\b(?:tun|exclu|suppress|whitelist|allow-?list|chang|disabl|adjust|request)/i],
  ['refused', /\b(?:request|tuning|exclusion|change)\b[^.\n]{0,40}\b(?:was |has been |is )?(?:declined|refused|rejected)\b/i],
  ['accepted', /\b(?:have|has|was|were|been|is|are|now)\b[^.\n]{0,40}\b(?:tuned|excluded|suppressed|whitelisted|allow-?listed|adjusted|disabled|implemented|deployed)\b/i],
  ['accepted', /\bwe (?:tuned|excluded|suppressed|adjusted|disabled|implemented|added an? (?:exclusion|exception|filter))\b/i],
  ['acknowledged', /\b(?:received|forwarded|passed on|logged|will (?:review|look|check|discuss|tune|exclude|adjust)|looking into|under review|in progress)\b/i],
] // biome-ignore format: a table

const quoteCharsMax = 200

/**
 * What a provider's reply seems to say of a tuning request, with the words it is read from; null where it says nothing of the kind. Only what they
 * wrote themselves is read: their quote of our own mail says what we asked. A person confirms it. Pure.
 */
export function proposedState(text: string): { readonly state: TuningState; readonly quote: string } | null {
  const lines = text.split(/\r?\n/)
  const quoted = lines.findIndex((line) => /^(?:>|On .{4,120} wrote:|-{3,} ?Original Message)/i.test(line))
  const own = (quoted === -1 ? lines : lines.slice(0, quoted)).join('\n').slice(0, 20_000)
  for (const [state, pattern] of words) {
    const hit = pattern.exec(own)
    if (hit === null) continue
    const from = own.lastIndexOf('\n', hit.index) + 1
    const end = own.indexOf('\n', hit.index + hit[0].length)
    return {
      state,
      quote: own
        .slice(from, end === -1 ? undefined : end)
        .trim()
        .slice(0, quoteCharsMax),
    }
  }
  return null
}
