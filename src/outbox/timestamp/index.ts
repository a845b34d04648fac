import type { Clock } from '../../kit/clock.ts'
import { CallOut } from '../call-out.ts'
import { passStampQuery } from '../gate.ts'

/** An authority answers in a second; a slow one keeps nobody waiting. */
const timeoutMs = 20_000

type Answered = { readonly kind: 'answer'; readonly bytes: Buffer } | { readonly kind: 'none'; readonly why: string }

/** Where a time-stamping authority is asked (RFC 3161, 3.4: over HTTP). What leaves is a digest and a random number. */
export function openTimestamps(
  place: { readonly url: string; readonly allowAddresses: readonly string[] },
  clock: Clock,
): { readonly ask: (query: Buffer) => Promise<Answered>; readonly close: () => Promise<void> } {
  const out = new CallOut({ allowAddresses: place.allowAddresses, ca: '', timeoutMs }, clock)
  return {
    ask: async (query) => {
      const headers = { 'content-type': 'application/timestamp-query', accept: 'application/timestamp-reply' }
      const called = await out.tell(passStampQuery(query), { method: 'POST', url: place.url, headers, body: query })
      if (called.kind !== 'done') return { kind: 'none', why: called.why }
      const { status, bytes } = called.value
      return status === 200 ? { kind: 'answer', bytes } : { kind: 'none', why: `status ${status}` }
    },
    close: () => out.close(),
  }
}
