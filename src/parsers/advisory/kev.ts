import { z } from 'zod'
import { Trouble } from '../../kit/errors.ts'
import { CveId, type KevEntry } from '../../model/vulnerability.ts'

const Catalogue = z.object({
  catalogVersion: z.string().max(40),
  dateReleased: z.string().max(40),
  count: z.int(),
  vulnerabilities: z.array(
    z.object({
      cveID: CveId,
      dateAdded: z.iso.date(),
      vulnerabilityName: z.string().max(500),
      requiredAction: z.string().max(4000),
      knownRansomwareCampaignUse: z.string().nullish(),
    }),
  ),
})

export type KevCatalogue = {
  readonly version: string
  readonly releasedAt: string
  readonly entries: readonly KevEntry[]
}

/**
 * CISA's catalogue of known exploited vulnerabilities (known_exploited_vulnerabilities.json). Its due dates are passed over: BOD 26-04 has put a
 * decision table in their place. Throws Trouble('file.invalid') where the catalogue says another number than it has.
 */
export function readKev(text: string): KevCatalogue {
  const parsed = Catalogue.safeParse(jsonOf(text))
  if (!parsed.success)
    throw new Trouble('file.invalid', { problem: `no KEV catalogue: ${z.prettifyError(parsed.error).slice(0, 300)}` })
  const { catalogVersion, dateReleased, count, vulnerabilities } = parsed.data
  if (count !== vulnerabilities.length)
    throw new Trouble('file.invalid', {
      problem: `the catalogue says ${count} entries and has ${vulnerabilities.length}`,
    })
  const entries = vulnerabilities.map((one) => ({
    cve: one.cveID,
    added: one.dateAdded,
    name: one.vulnerabilityName,
    action: one.requiredAction,
    ransomware: one.knownRansomwareCampaignUse?.toLowerCase() === 'known',
  }))
  const released = new Date(dateReleased)
  if (Number.isNaN(released.getTime())) throw new Trouble('file.invalid', { problem: 'the catalogue has no date' })
  return { version: catalogVersion, releasedAt: released.toISOString(), entries }
}

export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw new Trouble('file.invalid', { problem: 'this is no JSON' }, error)
  }
}
