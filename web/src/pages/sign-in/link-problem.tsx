import { Text } from '@mantine/core'
import { Refused } from '../../api.ts'
import { Gate } from './gate.tsx'

/** What a page behind a one-time link shows when it cannot be loaded. */
export function LinkProblem({ error }: { readonly error: unknown }) {
  const unknown = error instanceof Refused && [400, 404].includes(error.status)
  return (
    <Gate title={unknown ? 'This link is not one of ours' : 'This could not be loaded'}>
      <Text size="sm">
        {unknown
          ? 'It may be cut short. Open it again from the mail, all of it.'
          : 'Try again in a minute; your answer is still wanted.'}
      </Text>
    </Gate>
  )
}
