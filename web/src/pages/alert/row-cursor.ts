/** Rows that the cursor goes over: evidence in the story, what was read in a message. What is folded away is passed over. */
const rows = '.evidence-open, .read-row'

/** Moves the focus to the next or previous row; the first one, or the last, when none has it. */
export function moveRow(by: 1 | -1): void {
  const shown = [...document.querySelectorAll<HTMLElement>(rows)].filter((row) => row.checkVisibility())
  const at = shown.findIndex(
    (row) => row === document.activeElement || row.parentElement?.contains(document.activeElement),
  )
  const next = at === -1 ? (by === 1 ? 0 : shown.length - 1) : Math.min(shown.length - 1, Math.max(0, at + by))
  shown[next]?.focus()
  shown[next]?.scrollIntoView({ block: 'nearest' })
}

/** The finding whose row has the focus. */
export function findingAtCursor(): string | undefined {
  return document.activeElement?.closest<HTMLElement>('[data-finding]')?.dataset['finding']
}
