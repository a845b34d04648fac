import { z } from 'zod'
import type { Access } from './permissions.ts'

/** What the API says when something is wrong. `details` are only names of fields and what is wrong with them. */
export const Problem = z.object({
  code: z.string(),
  says: z.string(),
  next: z.string(),
  details: z.array(z.object({ field: z.string(), says: z.string() })).default([]),
})
export type Problem = z.infer<typeof Problem>

/** The same as it goes over the wire: RFC 9457, whose own members say it once more for clients that know only those. */
export const ProblemJson = Problem.extend({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
})

/** Answer of a route that has nothing to tell. */
export const Done = z.object({ done: z.literal(true) })

/** `form: 'json'` is the rule; the others speak for themselves and are described to OpenAPI by `says`. */
export type Endpoint = {
  readonly permission: Access
  readonly says: string
  readonly params?: z.ZodType
  readonly query?: z.ZodType
  readonly body?: z.ZodType
  /** Absent where the answer is not JSON (a download, a stream). */
  readonly answer?: z.ZodType
  /** How the body comes: JSON unless said otherwise. */
  readonly form?: 'multipart' | 'raw'
}

/** Keeps the exact schema types of an endpoint. */
export function endpoint<const E extends Endpoint>(e: E): E {
  return e
}
