import type { Readable } from 'node:stream'

/** How a body of lines is read: by its own looks, as HEC events, or as the lines of HEC's raw endpoint. */
export type LogPostForm = 'lines' | 'hec-events' | 'hec-raw'

/** Lines of one source that came as a HTTP request, before its body is read. */
export type LogPost = {
  readonly form: LogPostForm
  readonly body: Readable
  readonly contentType: string
  readonly contentEncoding: string
  /** The source that the key belongs to. */
  readonly source: string
  readonly peer: string
  /** The sender's name of this very request: sent again, its lines are stored once. null: at least once. */
  readonly idempotencyKey: string | null
  /** What stands beside the lines in the address (HEC raw): host, source, sourcetype, index. */
  readonly said: Readonly<Record<string, string>>
}

/** The codes of Splunk's HTTP Event Collector, as its clients know them. */
export const hecCodes = {
  success: { status: 200, code: 0, text: 'Success' },
  keyNeeded: { status: 401, code: 2, text: 'Token is required' },
  keyUnreadable: { status: 401, code: 3, text: 'Invalid authorization' },
  keyUnknown: { status: 403, code: 4, text: 'Invalid token' },
  noData: { status: 400, code: 5, text: 'No data' },
  invalidFormat: { status: 400, code: 6, text: 'Invalid data format' },
  internal: { status: 500, code: 8, text: 'Internal server error' },
  busy: { status: 503, code: 9, text: 'Server is busy' },
  eventNeeded: { status: 400, code: 12, text: 'Event field is required' },
  eventBlank: { status: 400, code: 13, text: 'Event field cannot be blank' },
  noAcknowledgement: { status: 400, code: 14, text: 'ACK is disabled' },
  healthy: { status: 200, code: 17, text: 'HEC is healthy' },
  unhealthy: { status: 503, code: 18, text: 'HEC is unhealthy, queues are full' },
  tooLarge: { status: 413, code: 27, text: 'Request entity too large' },
} as const satisfies Record<string, { status: number; code: number; text: string }>
export type HecCode = keyof typeof hecCodes

/** `refused`: an event of the body cannot be read; what stood before it was taken. `event` counts from 0. */
export type LogPostTaken =
  | { readonly kind: 'taken'; readonly lines: number; readonly bytes: number }
  | { readonly kind: 'refused'; readonly why: HecCode; readonly event: number; readonly lines: number }

/** What HTTP hands log lines to; main/log-doors.ts makes it. */
export type LogPostDoor = {
  /** The source whose key this is; null: nobody's. Throws Trouble where it cannot be known at the moment. */
  readonly sourceOfKey: (key: string) => Promise<string | null>
  /** Resolves when all lines would survive `kill -9`. Throws Trouble: 'lake.full', 'input.too-large', 'input.invalid'. */
  readonly take: (post: LogPost) => Promise<LogPostTaken>
  /** False while the lake takes nothing. */
  readonly hasRoom: () => boolean
}
