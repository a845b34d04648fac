import { Button } from '@mantine/core'
import { useState } from 'react'
import type { RecordWords } from '../../../src/contract/record.ts'
import { useKeys } from './keys.ts'
import { When } from './time.tsx'

/** Whether records stand there as they are as well; a button and V turn it on and off. */
export function useRaw() {
  const [raw, setRaw] = useState(false)
  const turn = () => setRaw(!raw)
  useKeys({ v: turn })
  const button = (
    <Button size="compact-sm" variant="default" aria-pressed={raw} aria-keyshortcuts="V" onClick={turn}>
      As recorded&nbsp;<kbd>V</kbd>
    </Button>
  )
  return { raw, button }
}

/** The entry as it stands in the ledger. */
export function Raw({ record }: { readonly record: RecordWords }) {
  const { kind, actor, subject, body } = record
  return (
    <pre className="wrapped record-raw">
      {[kind, actor, subject].join(' · ')}
      {`\n${JSON.stringify(body, null, 2)}`}
    </pre>
  )
}

/** One of a list of records: when, who, what. */
export function RecordLine({ record, raw }: { readonly record: RecordWords; readonly raw: boolean }) {
  return (
    <>
      <When at={record.at} ago /> <strong>{record.by}</strong> <span dir="auto">{record.says}</span>
      {raw && <Raw record={record} />}
    </>
  )
}
