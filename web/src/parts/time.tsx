import { Tooltip } from '@mantine/core'
import { useSyncExternalStore } from 'react'

/** One clock for all times on a page; half a minute is as exact as "3 min ago" is. */
const tickMs = 30_000
let now = Date.now()
const watchers = new Set<() => void>()
setInterval(() => {
  now = Date.now()
  for (const watcher of watchers) watcher()
}, tickMs)

const watch = (watcher: () => void): (() => void) => {
  watchers.add(watcher)
  return () => watchers.delete(watcher)
}

/** The time as the page goes by it, no older than half a minute. */
export function useNow(): number {
  return useSyncExternalStore(watch, () => now)
}

/** "just now", "14 min", "3 h", "9 d": short enough for a row; `ago` adds the word. */
export function relative(iso: string, at: number, ago = false): string {
  const seconds = Math.round((at - Date.parse(iso)) / 1000)
  const past = Math.abs(seconds)
  if (past < 45) return seconds < -30 ? 'in a moment' : 'just now'
  const amount =
    past < 5400
      ? `${Math.max(1, Math.round(past / 60))} min`
      : past < 172_800
        ? `${Math.round(past / 3600)} h`
        : `${Math.round(past / 86_400)} d`
  return seconds < 0 ? `in ${amount}` : ago ? `${amount} ago` : amount
}

/** "2026-11-22 14:03:10 UTC". */
export function utc(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`
}

/** Relative time; the exact one in UTC and in the reader's own zone on hover and to screen readers. */
export function When({ at, ago = false }: { readonly at: string; readonly ago?: boolean }) {
  const current = useNow()
  const local = new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  const says = zone === 'UTC' ? utc(at) : `${utc(at)} · ${local} ${zone}`
  return (
    <Tooltip label={says} openDelay={200} multiline maw="calc(100vw - 2rem)">
      <time dateTime={at} className="when">
        {relative(at, current, ago)}
      </time>
    </Tooltip>
  )
}
