/** PostgreSQL keeps no NUL in text or jsonb, and no lone surrogate: both become U+FFFD, one code unit for one, so that spans stay right. */
export function plainText(text: string): string {
  return text.includes('\u0000') ? text.replaceAll('\u0000', '\uFFFD').toWellFormed() : text.toWellFormed()
}

/** A value as the JSON text a jsonb column takes. `undefined` members are left out; text is made plain. */
export function jsonb(value: unknown): string {
  return JSON.stringify(value ?? null, (_key, member: unknown) =>
    typeof member === 'string' ? plainText(member) : member,
  )
}

/** A date of the record as ISO 8601 in UTC, the form all model types carry. */
export function iso(date: Date): string {
  return date.toISOString()
}

export function isoOrNull(date: Date | null): string | null {
  return date === null ? null : date.toISOString()
}
