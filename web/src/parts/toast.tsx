import { Button, CloseButton } from '@mantine/core'
import { useSyncExternalStore } from 'react'

type Toast = { readonly id: number; readonly says: string; readonly undo: (() => void) | null; readonly bad: boolean }

/** Long enough to read a sentence and press Undo. */
const shownMs = 8000

let toasts: readonly Toast[] = []
let count = 0
const watchers = new Set<() => void>()

function set(next: readonly Toast[]): void {
  toasts = next
  for (const watcher of watchers) watcher()
}

/** Says something in a corner for eight seconds, with Undo where there is one. */
export function say(says: string, options: { readonly undo?: () => void; readonly bad?: boolean } = {}): void {
  count += 1
  const toast: Toast = { id: count, says, undo: options.undo ?? null, bad: options.bad ?? false }
  set([...toasts.slice(-2), toast])
  setTimeout(() => set(toasts.filter((one) => one.id !== toast.id)), shownMs)
}

export function Toasts() {
  const shown = useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    () => toasts,
  )
  const close = (id: number) => set(toasts.filter((one) => one.id !== id))
  return (
    <div className="toasts" aria-live="polite">
      {shown.map((toast) => (
        <div key={toast.id} className={toast.bad ? 'toast bad' : 'toast'}>
          <span>{toast.says}</span>
          {toast.undo !== null && (
            <Button
              size="compact-sm"
              variant="default"
              onClick={() => {
                toast.undo?.()
                close(toast.id)
              }}
            >
              Undo
            </Button>
          )}
          <CloseButton size="sm" aria-label="Close this message" onClick={() => close(toast.id)} />
        </div>
      ))}
    </div>
  )
}
