import { problemOf } from '../../api.ts'
import { Problem } from '../../parts/states.tsx'

/** What is wrong, and where: a document has many fields. */
export function Refusal({ error }: { readonly error: unknown }) {
  if (error === null || error === undefined) return null
  return (
    <>
      <Problem error={error} />
      <ul>
        {problemOf(error).details.map(({ field, says }) => (
          <li key={field}>
            <code>{field}</code>: {says}
          </li>
        ))}
      </ul>
    </>
  )
}
