import { Title } from '@mantine/core'
import type { ReactNode } from 'react'
import { Mark } from '../../parts/icons.tsx'
import './gate.css'

/** The door from outside: one card, and what stands behind it. */
export function Gate({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <main className="gate">
      <div className="gate-brand">
        <Mark size={40} />
        <div>
          <strong>Counterfoil</strong>
          <div className="dim">Your half of managed security</div>
        </div>
      </div>
      <div className="card gate-card">
        <Title order={1} size="h3">
          {title}
        </Title>
        {children}
      </div>
    </main>
  )
}
