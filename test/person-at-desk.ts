import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { z } from 'zod'
import type { ReplyPage } from '../src/contract/answer.ts'
import type { AlertPage, Queue } from '../src/contract/desk.ts'
import { openSession } from '../src/db/sessions.ts'
import type { Tables } from '../src/db/tables.ts'
import { addUser } from '../src/db/users.ts'

/** An administrator who works by the API, as the pages do. */
export type PersonAtDesk = {
  readonly call: <T>(method: 'GET' | 'POST', url: string, body?: unknown) => Promise<T>
  readonly queue: () => Promise<Queue>
  readonly alert: (id: string) => Promise<z.infer<typeof AlertPage>>
  /** Decides as the alert stands, citing what was found where anything was. */
  readonly decide: (alertId: string) => Promise<void>
  /** Redacts every sensitive place of a draft and releases it. */
  readonly release: (replyId: string) => Promise<void>
}

/** A call that was not answered in this time will not be: its server is dead. */
const callMsMax = 20_000

/** Signs somebody in. `origin` is asked before each call, for servers come and go. */
export async function signIn(db: Kysely<Tables>, origin: () => string): Promise<PersonAtDesk> {
  const user = {
    id: randomUUID(),
    email: `${randomUUID().slice(0, 8)}@customer.example`,
    role: 'administrator' as const,
  }
  const now = new Date()
  await addUser(
    db,
    { ...user, name: 'Ada Desk', createdAt: now.toISOString(), disabled: false },
    { passwordHash: null, totpSealed: null, totpLastStep: 0 },
  )
  const about = { userId: user.id, method: 'passkey', userAgent: 'test', address: '127.0.0.1' } as const
  const { token } = await openSession(db, about, now)
  const call = async <T>(method: 'GET' | 'POST', url: string, body?: unknown): Promise<T> => {
    const at = origin()
    const json = body === undefined ? {} : { 'content-type': 'application/json' }
    const response = await fetch(`${at}${url}`, {
      method,
      headers: { cookie: `counterfoil=${token}`, origin: at, ...json },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(callMsMax),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${url} said ${response.status}: ${text}`)
    return JSON.parse(text) as T
  }
  const alert = (id: string) => call<z.infer<typeof AlertPage>>('GET', `/api/alerts/${id}`)
  return {
    call,
    alert,
    queue: () => call<Queue>('GET', '/api/queue?tab=all'),
    decide: async (alertId) => {
      const { version, findings } = await alert(alertId)
      const cites = findings.filter(({ kind }) => kind === 'found').map(({ id }) => id)
      const said = { outcome: 'false-alarm-benign', reason: 'A planned test of our own.', version }
      await call('POST', `/api/alerts/${alertId}/decision`, { ...said, cites, withoutEvidence: cites.length === 0 })
    },
    release: async (replyId) => {
      for (;;) {
        const { reply } = await call<z.infer<typeof ReplyPage>>('GET', `/api/replies/${replyId}`)
        const open = reply.spans.find(({ verdict }) => verdict === null)
        if (open === undefined) {
          await call('POST', `/api/replies/${replyId}/release`, { version: reply.version })
          return
        }
        const said = { spanId: open.id, verdict: 'redact', keepReason: null, alike: true, version: reply.version }
        await call('POST', `/api/replies/${replyId}/spans`, said)
      }
    },
  }
}
