/** A sample, and the alert of it that is looked at, as they stand in the address. */
export type AuditAddress = { seed?: string; from?: string; to?: string; n?: number; alert?: string }

export function auditAddressOf(given: Record<string, unknown>): AuditAddress {
  const text = (name: 'seed' | 'from' | 'to' | 'alert') =>
    given[name] === undefined ? {} : { [name]: String(given[name]).slice(0, 200) }
  const n = Number(given['n'])
  return {
    ...text('seed'),
    ...text('from'),
    ...text('to'),
    ...text('alert'),
    ...(Number.isInteger(n) && n > 0 ? { n } : {}),
  }
}
