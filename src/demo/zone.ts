import type { Resolver } from '../intake/mail/verify.ts'

/**
 * A DNS zone of our own for the demo: names under .example exist nowhere, so the real DNS cannot say who may send for them.
 * Everything that is not in it does not exist.
 */
export function zoneOf(texts: Readonly<Record<string, string>>): Resolver {
  return async (name, rrtype) => {
    const text = texts[name.toLowerCase().replace(/\.$/, '')]
    if (rrtype !== 'TXT' || text === undefined)
      throw Object.assign(new Error(`no ${rrtype} for ${name}`), { code: 'ENOTFOUND' })
    return [[text]]
  }
}
