import { type ReactNode, useRef } from 'react'
import type { TextPart } from '../../../../src/model/letter.ts'
import type { ReadField } from '../../../../src/model/reader.ts'
import type { MarkedPlace } from '../../../../src/model/teaching.ts'
import { inert } from '../../parts/inert.ts'
import { fieldWords } from './fields.ts'

/** Characters of a part that can be marked; a field further down is in raw logs, and no anchor looks there. */
const shownCharactersMax = 60_000

type Props = {
  readonly part: TextPart
  readonly marks: readonly MarkedPlace[]
  readonly active: ReadField
  readonly mark: (place: { part: string; start: number; end: number }) => void
}

/** Characters shown before a point of the page, inside `root`. */
function shownBefore(root: HTMLElement, node: Node, offset: number): number {
  const range = document.createRange()
  range.selectNodeContents(root)
  range.setEnd(node, offset)
  return range.toString().length
}

/** The offset in the text of what is shown there: signs that would act are shown as their codes, which are longer. */
function offsetIn(text: string, shown: number): number {
  let left = shown
  let at = 0
  for (; at < text.length && left > 0; at += 1) left -= inert(text[at] ?? '').length
  return at
}

/** A text in which a stretch is marked by selecting it. Text only, never HTML. */
export function MarkText({ part, marks, active, mark }: Props) {
  const box = useRef<HTMLPreElement>(null)
  const text = part.text.slice(0, shownCharactersMax)
  const take = () => {
    const selection = document.getSelection()
    const root = box.current
    if (selection === null || selection.rangeCount === 0 || selection.isCollapsed || root === null) return
    const range = selection.getRangeAt(0)
    if (!root.contains(range.startContainer) || !root.contains(range.endContainer)) return
    const start = offsetIn(text, shownBefore(root, range.startContainer, range.startOffset))
    const end = offsetIn(text, shownBefore(root, range.endContainer, range.endOffset))
    const chosen = text.slice(start, end)
    const lead = chosen.length - chosen.trimStart().length
    const length = chosen.trim().length
    if (length > 0) mark({ part: part.path, start: start + lead, end: start + lead + length })
    selection.removeAllRanges()
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: selecting text is what a mouse does; the field beside it does the same by keyboard
    <pre className="message-body teach-text" ref={box} onMouseUp={take} title={`Mark: ${fieldWords[active]}`}>
      {pieces(
        text,
        marks.filter((one) => one.part === part.path),
      )}
    </pre>
  )
}

/** The text cut at the edges of what is marked; of two marks over each other the earlier one is shown. */
function pieces(text: string, marks: readonly MarkedPlace[]): ReactNode[] {
  const shown: ReactNode[] = []
  let at = 0
  for (const one of marks.toSorted((a, b) => a.start - b.start)) {
    if (one.start < at || one.end > text.length || one.end <= one.start) continue
    shown.push(inert(text.slice(at, one.start)))
    shown.push(
      <mark key={one.field} className="teach-mark" data-field={fieldWords[one.field]} title={fieldWords[one.field]}>
        {inert(text.slice(one.start, one.end))}
      </mark>,
    )
    at = one.end
  }
  shown.push(inert(text.slice(at)))
  return shown
}
