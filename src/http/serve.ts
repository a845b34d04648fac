import type { FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { type Api, api, type Call } from '../contract/api.ts'
import type { Endpoint } from '../contract/endpoint.ts'
import type { Access, Permission } from '../contract/permissions.ts'
import type { Session } from '../db/sessions.ts'
import { Trouble } from '../kit/errors.ts'
import type { Front } from './front.ts'

type Out<T> = T extends z.ZodType ? z.output<T> : undefined
type Part<E, K extends string> = E extends { readonly [key in K]: infer S } ? Out<S> : undefined

/** What a route's handler gets: parsed input, and who asks. */
export type Asking<C extends Call> = {
  readonly params: Part<Api[C], 'params'>
  readonly query: Part<Api[C], 'query'>
  readonly body: Part<Api[C], 'body'>
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly front: Front
  readonly site: Site
  /** Who asks. Throws Trouble('sign-in.needed') on a route that anybody may call. */
  readonly session: () => Session
  /** What the asker may besides this call: by their role, and where it is a program by the scopes of its key as well. */
  readonly may: (permission: Permission) => boolean
  /** The same as the ledger's actor: "user:<id>", of a program "user:<id>/key:<id>". */
  readonly actor: () => string
}

/** What the handler returns: the answer, or nothing where it answered by itself (a download, a stream). */
export type AnswerOf<C extends Call> = Api[C] extends { readonly answer: infer S } ? Out<S> : FastifyReply

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export type Route = {
  readonly call: Call
  readonly method: Method
  readonly url: string
  readonly permission: Access
  readonly schema: Endpoint
  readonly handle: (asking: unknown) => Promise<unknown>
}

/** The address people type and what follows from it. */
export type Site = {
  readonly url: URL
  readonly secure: boolean
  readonly cookieName: string
  readonly passkeys: { readonly possible: boolean; readonly says: string }
}

/** Ties a handler to its line in the contract, so that path, permission and shapes cannot drift from it. */
export function serve<C extends Call>(call: C, handle: (asking: Asking<C>) => Promise<AnswerOf<C>>): Route {
  const [method, url] = call.split(' ') as [Method, string]
  const schema: Endpoint = api[call]
  return { call, method, url, permission: schema.permission, schema, handle: (asking) => handle(asking as Asking<C>) }
}

/** The value, or Trouble('not.found'): for what does not exist and for what the asker may not know. */
export function known<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Trouble('not.found')
  return value
}
