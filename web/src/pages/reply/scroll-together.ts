import { type RefObject, useEffect } from 'react'

/** Panes marked `data-scrolls` inside the element scroll together: where one is at a third, all are. */
export function useScrollTogether(around: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const element = around.current
    if (element === null) return
    // A pane that was moved by us tells it too; that news is not passed on.
    const moved = new WeakMap<Element, number>()
    const follow = (event: Event) => {
      const led = event.target
      if (!(led instanceof HTMLElement) || !led.matches('[data-scrolls]')) return
      if (Math.abs((moved.get(led) ?? -9) - led.scrollTop) < 2) return
      moved.delete(led)
      const room = led.scrollHeight - led.clientHeight
      const share = room <= 0 ? 0 : led.scrollTop / room
      for (const other of element.querySelectorAll<HTMLElement>('[data-scrolls]')) {
        if (other === led) continue
        const top = Math.round(share * (other.scrollHeight - other.clientHeight))
        moved.set(other, top)
        other.scrollTop = top
      }
    }
    element.addEventListener('scroll', follow, { capture: true, passive: true })
    return () => element.removeEventListener('scroll', follow, { capture: true })
  }, [around])
}
