import { Button, CopyButton } from '@mantine/core'
import type { ReactNode } from 'react'

/** A secret that no page shows again. */
export function ShownOnce({ text, children }: { readonly text: string; readonly children: ReactNode }) {
  return (
    <div className="secret-shown">
      <div className="grow">
        <strong>Shown once.</strong> {children}
        <div className="mono">{text}</div>
      </div>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <Button size="compact-sm" variant="default" onClick={copy}>
            {copied ? 'Copied' : 'Copy'}
          </Button>
        )}
      </CopyButton>
    </div>
  )
}
