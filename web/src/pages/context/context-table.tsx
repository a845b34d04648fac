import type { ReactNode } from 'react'

/** What we know of our own, a row each: a table that scrolls within itself, by keyboard too, and is cards on a phone. */
export function ContextTable({
  label,
  columns,
  children,
}: {
  readonly label: string
  /** A number of things stands to the right. */
  readonly columns: readonly (string | { readonly number: string })[]
  readonly children: ReactNode
}) {
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label={label}>
      <table className="plain cards context-table">
        <thead>
          <tr>
            {columns.map((column) =>
              typeof column === 'string' ? (
                <th key={column}>{column}</th>
              ) : (
                <th key={column.number} className="num">
                  {column.number}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  )
}

/** A fact in it. Null is said, not left empty. */
export function Fact({ label, children }: { readonly label: string; readonly children: string | null | undefined }) {
  return (
    <td data-label={label} className="clip">
      {children ?? <Unknown />}
    </td>
  )
}

export function Unknown() {
  return <span className="dim">not known</span>
}

export const sourceWords = (sources: readonly string[]): string =>
  sources.map((one) => (one === 'manual' ? 'by hand' : one)).join(', ')
