import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { TicketPage } from '../../../../src/contract/tickets.ts'

export type Props = { readonly ticket: TicketPage }

/** One act on the ticket; what it changed is asked for again. */
export function useAct<T>(act: (input: T) => Promise<unknown>, done?: () => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: act,
    onSuccess: () => done?.(),
    onSettled: () => client.invalidateQueries({ queryKey: ['alert'] }),
  })
}
