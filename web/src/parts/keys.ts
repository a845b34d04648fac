import { useEffect, useLayoutEffect, useRef } from 'react'

export type KeyMap = Readonly<Record<string, (event: KeyboardEvent) => void>>

/** After G the next letter says where to; later than this it is just a letter. */
const sequenceMs = 1200

/** A ticked box takes no letters. */
const isBox = (target: EventTarget | null): boolean =>
  target instanceof HTMLInputElement && (target.type === 'checkbox' || target.type === 'radio')
const typing = (target: EventTarget | null): boolean =>
  !isBox(target) &&
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
/** Enter and space belong to whatever button has the focus. */
const pressable = (target: EventTarget | null): boolean =>
  isBox(target) || (target instanceof HTMLElement && /^(BUTTON|A|SUMMARY)$/.test(target.tagName))

/**
 * Keys of a page: "j", "Enter", "?", "shift+Y", "g q" (one after the other). Quiet while somebody types, while a dialog is
 * open, and for anything with Ctrl, Alt or Cmd, which belongs to the browser.
 */
export function useKeys(keys: KeyMap): void {
  const latest = useRef(keys)
  useLayoutEffect(() => {
    latest.current = keys
  })
  useEffect(() => {
    let first = ''
    let firstAt = 0
    let inDialog = false
    // Asked before the dialog hears the key: one that closes it must not be taken as a key of the page under it.
    const onCapture = () => {
      inDialog = document.querySelector('[role="dialog"]') !== null
    }
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return
      if (inDialog || document.querySelector('[role="dialog"]') !== null) return
      if ((event.key === 'Enter' || event.key === ' ') && pressable(event.target)) return
      const key = event.shiftKey && /^[A-Z]$/.test(event.key) ? `shift+${event.key}` : event.key
      const inTime = event.timeStamp - firstAt < sequenceMs
      const sequence = first !== '' && inTime ? latest.current[`${first} ${key}`] : undefined
      const single =
        first !== '' && inTime && Object.keys(latest.current).some((name) => name.startsWith(`${first} `))
          ? undefined
          : latest.current[key]
      const hit = sequence ?? single
      first = key
      firstAt = event.timeStamp
      if (hit === undefined) return
      first = ''
      event.preventDefault()
      hit(event)
    }
    window.addEventListener('keydown', onCapture, { capture: true })
    window.addEventListener('keydown', onKey)
    return () => {
      window.removeEventListener('keydown', onCapture, { capture: true })
      window.removeEventListener('keydown', onKey)
    }
  }, [])
}

/** Keys of a dialog that has no field, from the moment it is there: the first one may come before the focus does. */
export function useDialogKeys(keys: KeyMap): void {
  const latest = useRef(keys)
  useLayoutEffect(() => {
    latest.current = keys
  })
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
      const hit = latest.current[event.key]
      if (hit === undefined) return
      event.preventDefault()
      hit(event)
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [])
}
