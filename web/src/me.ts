import { useQuery } from '@tanstack/react-query'
import type { Permission } from '../../src/contract/permissions.ts'
import type { Me } from '../../src/contract/sign-in.ts'
import { call } from './api.ts'

export const meQuery = {
  queryKey: ['me'],
  queryFn: () => call('GET /api/me'),
  staleTime: 60_000,
  retry: false,
} as const

/** Who is signed in. Pages inside the shell only show once this is known. */
export function useMe(): Me | undefined {
  return useQuery(meQuery).data
}

/** Whether to show a button; the server decides again. */
export function useMay(): (permission: Permission) => boolean {
  const me = useMe()
  return (permission) => me?.permissions.includes(permission) ?? false
}
