/** A step of a SELECT: an alias and what it stands for, made of the aliases below it. */
export type Step = readonly [alias: string, sql: string]

/** How a split is written in SQL, over the columns of `recognised` and `body`. */
export type Taken = {
  /** Columns made one layer above the other; those of one layer do not see each other. */
  readonly layers: readonly (readonly Step[])[]
  /** A field's text by its name; '' where the line has none. */
  readonly field: (name: string) => string
  /** All fields: Map(LowCardinality(String), String). */
  readonly fields: string
}

export const fieldsType = 'Map(LowCardinality(String), String)'

/** Of two arrays of one length: those pairs that say something. A dash is how many formats write "nothing". */
export const mapOfSaid = (names: string, values: string): string =>
  `CAST((arrayFilter((n, v) -> v NOT IN ('', '-'), ${names}, ${values}), arrayFilter(v -> v NOT IN ('', '-'), ${values})), '${fieldsType}')`
