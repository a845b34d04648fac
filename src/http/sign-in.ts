import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Db } from '../db/open.ts'
import { transaction } from '../db/open.ts'
import { clearOver, openSession, sessionMsMax } from '../db/sessions.ts'
import { append } from '../ledger/append.ts'
import type { User } from '../model/user.ts'
import type { Front } from './front.ts'
import type { Site } from './serve.ts'

export type Method = 'password' | 'passkey' | 'link' | 'sso'

/** Opens a session for somebody who proved to be `user` (`passkey`: by which one), writes it into the ledger and gives the browser its cookie. */
export async function signIn(
  at: { readonly front: Front; readonly site: Site; readonly request: FastifyRequest; readonly reply: FastifyReply },
  user: User,
  method: Method,
  how: { readonly tx?: Db; readonly passkey?: string } = {},
): Promise<void> {
  const { front, site, request, reply } = at
  const now = front.clock.now()
  const session = await transaction(how.tx ?? front.db, async (inner) => {
    await clearOver(inner, now)
    await append(
      inner,
      { kind: 'user.signed-in', actor: `user:${user.id}`, subject: `user:${user.id}`, body: { method } },
      front.clock,
    )
    return openSession(
      inner,
      {
        ...{ userId: user.id, method, userAgent: request.headers['user-agent'] ?? '', address: request.ip },
        passkey: how.passkey ?? null,
      },
      now,
    )
  })
  reply.setCookie(site.cookieName, session.token, {
    path: '/',
    httpOnly: true,
    sameSite: 'strict',
    secure: site.secure,
    maxAge: sessionMsMax / 1000,
  })
}

/** Writes a refusal into the ledger. `why` is a word of ours, never what was typed. */
export async function noteRefusal(front: Front, subject: string, why: string, address: string): Promise<void> {
  await append(
    front.db,
    { kind: 'user.sign-in-refused', actor: 'system', subject, body: { why, address } },
    front.clock,
  )
}
