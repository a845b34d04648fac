import { Text } from '@mantine/core'
import { Refused } from '../../api.ts'
import { ErrorState } from '../../parts/states.tsx'
import { Gate } from './gate.tsx'

/** What a page behind a one-time link shows when it cannot be loaded. */
export function LinkProblem({ error, retry }: { readonly error: unknown; readonly retry: () => void }) {
  if (error instanceof Refused && [400, 404].includes(error.status))
    return (
      <Gate title="This link is not one of ours">
        <Text size="sm">It may be cut short. Open it again from the mail, all of it.</Text>
      </Gate>
    )
  return (
    <Gate title="This could not be loaded">
      <Text size="sm">Your answer is still wanted.</Text>
      <ErrorState error={error} retry={retry} />
    </Gate>
  )
}
