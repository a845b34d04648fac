import { z } from 'zod'

/** The asks of the questions this connector answers, in one shape: each names the asset by one of these. */
export const AssetListAsk = z.object({
  address: z.string().optional(),
  host: z.string().optional(),
  asset: z.string().optional(),
  at: z.string().nullable().optional(),
})
export type AssetListAsk = z.infer<typeof AssetListAsk>
