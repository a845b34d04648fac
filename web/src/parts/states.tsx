import { Button, Skeleton, Text, Title } from '@mantine/core'
import { type ReactNode, useEffect, useState } from 'react'
import { problemOf } from '../api.ts'
import { FailedIcon } from './icons.tsx'

/** A skeleton earlier than this only flickers. */
const skeletonAfterMs = 300

/** Nothing for 300 ms, then grey lines where the content will stand. */
export function Loading({ lines = 8 }: { readonly lines?: number }) {
  const [late, setLate] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), skeletonAfterMs)
    return () => clearTimeout(timer)
  }, [])
  if (!late) return null
  return (
    <div aria-busy="true" aria-label="Loading" role="status" className="skeletons">
      {Array.from({ length: lines }, (_, line) => (
        <Skeleton key={line} height={22} width={`${92 - ((line * 17) % 40)}%`} />
      ))}
    </div>
  )
}

/** What went wrong, since when we know better, and the next step. */
export function ErrorState({
  error,
  retry,
  last,
}: {
  readonly error: unknown
  readonly retry?: () => void
  readonly last?: ReactNode
}) {
  const problem = problemOf(error)
  return (
    <div className="state" role="alert">
      <span className="state-icon bad">
        <FailedIcon size={28} />
      </span>
      <Title order={2} size="h4">
        {problem.says}
      </Title>
      <Text c="dimmed" size="sm">
        {problem.next}
      </Text>
      {problem.details.map((detail) => (
        <Text key={detail.field} size="sm">
          {detail.field}: {detail.says}
        </Text>
      ))}
      {last}
      {retry !== undefined && (
        <Button variant="default" onClick={retry}>
          Try again
        </Button>
      )}
    </div>
  )
}

/** Why it is empty, what shows that it is not broken, and one thing to do. */
export function EmptyState({
  title,
  proof,
  action,
}: {
  readonly title: string
  readonly proof: ReactNode
  readonly action?: ReactNode
}) {
  return (
    <div className="state">
      <Title order={2} size="h4">
        {title}
      </Title>
      <Text c="dimmed" size="sm" component="div">
        {proof}
      </Text>
      {action}
    </div>
  )
}

/** A refusal inside a form: what, and the next step. */
export function Problem({ error }: { readonly error: unknown }) {
  if (error === null || error === undefined) return null
  const problem = problemOf(error)
  return (
    <div className="problem" role="alert">
      <FailedIcon />
      <div>
        <strong>{problem.says}</strong>
        {problem.details.map((detail) => (
          <div key={detail.field}>{detail.says}</div>
        ))}
        <div className="dim">{problem.next}</div>
      </div>
    </div>
  )
}
