import { useQuery } from '@tanstack/react-query'
import { call } from '../api.ts'
import { useMay } from '../me.ts'

/** Providers by their names, for whoever may know them; empty until they are there. */
export function useProviderNames(): ReadonlyMap<string, string> {
  const enabled = useMay()('house.see')
  const list = useQuery({ queryKey: ['providers'], queryFn: () => call('GET /api/providers'), enabled })
  return new Map(list.data?.providers.map(({ provider }) => [provider.id, provider.name]))
}
