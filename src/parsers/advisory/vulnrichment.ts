import { z } from 'zod'
import { type CveFacts, CveId } from '../../model/vulnerability.ts'
import { cvssOf } from '../scan/cvss.ts'
import { shortText, timeOf } from '../scan/words.ts'

const titleCharsMax = 300
const Vector = z.object({ vectorString: z.string() }).optional().catch(undefined)
const Metric = z.object({
  cvssV4_0: Vector,
  cvssV3_1: Vector,
  cvssV3_0: Vector,
  cvssV2_0: Vector,
  other: z
    .object({
      type: z.string(),
      content: z
        .object({ options: z.array(z.record(z.string(), z.unknown())).optional(), timestamp: z.string().optional() })
        .optional()
        .catch(undefined),
    })
    .optional()
    .catch(undefined),
})
const Container = z.object({
  title: z.string().optional().catch(undefined),
  providerMetadata: z.object({ shortName: z.string().optional() }).optional().catch(undefined),
  metrics: z.array(Metric).optional().catch(undefined),
})

/** As much of a CVE record (JSON 5) as is used. */
const CveRecord = z.object({
  dataType: z.literal('CVE_RECORD'),
  cveMetadata: z.object({ cveId: CveId, state: z.string(), datePublished: z.string().optional() }),
  containers: z.object({ cna: Container, adp: z.array(Container).optional() }),
})

/** A CVE record with CISA's container (Vulnrichment); null where it is no such record, or a rejected one. */
export function readCveRecord(value: unknown): CveFacts | null {
  const parsed = CveRecord.safeParse(value)
  if (!parsed.success || parsed.data.cveMetadata.state !== 'PUBLISHED') return null
  const { cveMetadata, containers } = parsed.data
  const cisa = containers.adp?.find(({ providerMetadata }) => providerMetadata?.shortName === 'CISA-ADP')
  const ssvc = cisa?.metrics?.find(({ other }) => other?.type === 'ssvc')?.other?.content
  const metrics = [...(containers.cna.metrics ?? []), ...(cisa?.metrics ?? [])]
  const option = (name: string): string | null => {
    const found = ssvc?.options?.find((one) => name in one)?.[name]
    return typeof found === 'string' ? found.toLowerCase() : null
  }
  const [automatable, impact] = [option('Automatable'), option('Technical Impact')]
  return {
    cve: cveMetadata.cveId,
    title: shortText(containers.cna.title, titleCharsMax) || null,
    publishedAt: timeOf(cveMetadata.datePublished),
    cvss: cvssOf({
      vectors: metrics.flatMap(({ cvssV4_0, cvssV3_1, cvssV3_0, cvssV2_0 }) =>
        [cvssV4_0, cvssV3_1, cvssV3_0, cvssV2_0].map((one) => one?.vectorString),
      ),
    }),
    exploitation: option('Exploitation'),
    automatable: automatable === 'yes' || automatable === 'no' ? automatable : null,
    impact: impact === 'partial' || impact === 'total' ? impact : null,
    assessedAt: timeOf(ssvc?.timestamp),
  }
}
