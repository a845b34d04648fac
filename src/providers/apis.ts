import type { ProviderApi } from '../model/provider-api.ts'
import { cortexApi } from './cortex-xdr/api.ts'
import { crowdStrikeApi } from './crowdstrike/api.ts'
import { darktraceApi } from './darktrace/api.ts'
import { elasticApi } from './elastic-security/api.ts'
import { expelApi } from './expel/api.ts'
import { qradarApi } from './ibm-qradar/api.ts'
import { defenderApi } from './microsoft-defender/api.ts'
import { redCanaryApi } from './red-canary/api.ts'
import { sentinelOneApi } from './sentinelone/api.ts'
import { splunkApi } from './splunk-es/api.ts'

/** APIs of providers that answers go through, each described in a file beside its format. */
export const providerApis: readonly ProviderApi[] = [
  defenderApi,
  crowdStrikeApi,
  sentinelOneApi,
  qradarApi,
  cortexApi,
  redCanaryApi,
  splunkApi,
  elasticApi,
  darktraceApi,
  expelApi,
]

export function providerApi(id: string): ProviderApi | null {
  return providerApis.find((api) => api.id === id) ?? null
}
