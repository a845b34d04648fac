import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import type { Doing, Presence } from '../../../src/contract/presence.ts'
import { call } from '../api.ts'
import { useMay } from '../me.ts'
import { newId } from './new-id.ts'
import './presence.css'

/** As often as the server wants to hear it (contract/presence.ts). */
const everyMs = 20_000
/** A tab that died takes no leave: it is asked for now and then. */
const askMs = 25_000
const tab = newId()

const doingWords: Record<Doing, string> = { reading: 'reading', deciding: 'deciding', answering: 'writing the answer' }

/** Who else has an alert open; nobody while it is not known. */
export function usePresence(): readonly Presence[] {
  const found = useQuery({ queryKey: ['presence'], queryFn: () => call('GET /api/presence'), refetchInterval: askMs })
  return found.data?.here ?? []
}

/** Says for as long as the page is open what is done with the alert. That it could not be said harms nobody: the next time says it. */
export function useHere(alertId: string, doing: Doing): void {
  const may = useMay()
  const says = may('presence.say')
  useEffect(() => {
    if (!says) return
    const say = () => void call('POST /api/presence', { body: { tab, alertId, doing } }).catch(() => undefined)
    say()
    const timer = setInterval(say, everyMs)
    return () => clearInterval(timer)
  }, [alertId, doing, says])
  useEffect(() => {
    if (!says) return
    const leave = () => {
      const body = JSON.stringify({ tab, alertId, doing: 'gone' })
      void fetch('/api/presence', {
        method: 'POST',
        keepalive: true,
        headers: { 'content-type': 'application/json' },
        body,
      }).catch(() => undefined)
    }
    window.addEventListener('pagehide', leave)
    return () => {
      window.removeEventListener('pagehide', leave)
      leave()
    }
  }, [alertId, says])
}

/** "Mara Weiss is deciding", at the head of a page; read out when it changes. */
export function OthersHere({ alertId }: { readonly alertId: string }) {
  const here = usePresence().filter((one) => one.alertId === alertId)
  return (
    <span className="others-here" role="status">
      {here.map((one) => (
        <span key={one.person.id} className="tag warn">
          {one.person.name} is {one.doing === 'reading' ? 'here too' : doingWords[one.doing]}
        </span>
      ))}
    </span>
  )
}

const initials = (name: string): string =>
  name
    .split(/\s+/)
    .map((word) => [...word][0] ?? '')
    .slice(0, 2)
    .join('')
    .toUpperCase()

/** On a row of the queue: who has it open. */
export function HereMark({ here }: { readonly here: readonly Presence[] }) {
  return here.map((one) => {
    const says = `${one.person.name} has it open: ${doingWords[one.doing]}`
    return (
      <span key={one.person.id} className="here-mark" role="img" aria-label={says} title={says}>
        {initials(one.person.name)}
      </span>
    )
  })
}
