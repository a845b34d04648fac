/** What a note is made of: a title, how many, and what they are. */
type Section = {
  readonly title: string
  readonly n: number
  readonly rows: readonly { readonly text: string; readonly who: string }[]
}

/** Rows that are named in a note: it is read in a minute; the list below it has all. */
const namedMax = 10

/** The note of a shift, from the record alone: the same record gives the same words. What there is none of is said in one line at the end. */
export function handoverNote(from: string, to: string, sections: readonly Section[]): string {
  const day = (at: string): string => `${at.slice(0, 10)} ${at.slice(11, 16)} UTC`
  const told = sections
    .filter((section) => section.n > 0)
    .map(({ title, n, rows }) => {
      const named = rows.slice(0, namedMax).map(({ text, who }) => `- ${text}${who === '' ? '' : ` (${who})`}`)
      const more = n > named.length ? [`- and ${n - named.length} more`] : []
      return [`${title}: ${n}`, ...named, ...more].join('\n')
    })
  const none = sections.filter((section) => section.n === 0).map((section) => section.title.toLowerCase())
  return [
    `From ${day(from)} to ${day(to)}.`,
    ...told,
    ...(none.length === 0 ? [] : [`None: ${none.join(', ')}.`]),
  ].join('\n\n')
}
