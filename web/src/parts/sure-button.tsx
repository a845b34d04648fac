import { Button } from '@mantine/core'
import { useState } from 'react'

/** A button for what cannot be taken back: pressed once it turns red and says what it will do; pressed again it does it. */
export function SureButton({
  words,
  sureWords,
  busy,
  act,
}: {
  readonly words: string
  readonly sureWords: string
  readonly busy: boolean
  readonly act: () => void
}) {
  const [sure, setSure] = useState(false)
  return (
    <Button
      size="compact-sm"
      variant={sure ? 'filled' : 'default'}
      color={sure ? 'red' : 'gray'}
      loading={busy}
      onClick={() => (sure ? act() : setSure(true))}
    >
      {sure ? sureWords : words}
    </Button>
  )
}
