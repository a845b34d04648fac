import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'

/** Every filter of these pages stands in the address. */
export type ContextSearch = Readonly<Record<string, string>>

/** A URL that is looked up has up to 2,048; one that was cut would be looked up in vain. */
const charsMax = 4_000

/** What an address says, as far as it is text; nothing is kept that is empty. */
export function contextSearchOf(search: Record<string, unknown>): ContextSearch {
  return Object.fromEntries(
    Object.entries(search)
      .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value) && value !== '')
      .map(([name, value]) => [name, String(value).slice(0, charsMax)]),
  )
}

/** The filters of a part, and how to change some of them; an empty one goes away. */
export function useContextSearch(): readonly [ContextSearch, (change: ContextSearch) => void] {
  const search = useSearch({ from: '/desk/context/$part' })
  const navigate = useNavigate({ from: '/context/$part' })
  return [
    search,
    (change) => void navigate({ search: (before) => contextSearchOf({ ...before, ...change }), replace: true }),
  ]
}

/** A person types faster than a search should run. */
const pauseMs = 250

/** A text field that follows the address, and tells it what was typed once the typing pauses. */
export function useTyped(given: string, tell: (text: string) => void): readonly [string, (text: string) => void] {
  const [typed, setTyped] = useState(given)
  const [seen, setSeen] = useState(given)
  const latest = useRef(tell)
  useEffect(() => {
    latest.current = tell
  })
  if (seen !== given) {
    setSeen(given)
    setTyped(given)
  }
  useEffect(() => {
    if (typed === given) return
    const timer = setTimeout(() => latest.current(typed), pauseMs)
    return () => clearTimeout(timer)
  }, [typed, given])
  return [typed, setTyped]
}
