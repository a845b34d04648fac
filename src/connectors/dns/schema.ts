import { z } from 'zod'
import { limitForms } from '../reach.ts'

export const DnsSettings = z.strictObject({
  servers: z
    .array(
      z
        .string()
        .regex(
          /^(?:[0-9.]+|[0-9a-fA-F:]+|\[[0-9a-fA-F:]+\]|(?:[0-9.]+|\[[0-9a-fA-F:]+\]):\d{1,5})$/,
          'an address, with a port if it is not 53',
        ),
    )
    .max(10)
    .default([])
    .meta({ title: 'Resolvers' })
    .describe('Addresses of the resolvers to ask: 192.0.2.53 or 192.0.2.53:5353. Empty: those of this machine'),
  ...limitForms({ timeoutMs: 4_000, concurrency: 8, perMinute: 1_200 }),
})
export type DnsSettings = z.infer<typeof DnsSettings>
