import type { FastifyReply } from 'fastify'
import { type Session, sessionOfDigest } from '../db/sessions.ts'
import { Trouble, wordsOf } from '../kit/errors.ts'
import type { Front } from './front.ts'

/** Browsers that may listen at once: 300 were served in a test with a tenth of a core; a desk has ten. */
const listenersMax = 500
/** Proxies cut silent connections after 30 to 60 s. */
const beatMs = 20_000
/** What a listener may lag behind before it is cut off; it comes back by itself and looks at everything. */
const backlogBytesMax = 1024 * 1024

type Listener = { readonly reply: FastifyReply; readonly session: Session }

/** One subscription to the database's news, handed on to every browser as server-sent events. */
export function liveHub(front: Front) {
  const listeners = new Set<Listener>()
  let subscription: Promise<{ readonly close: () => Promise<void> }> | null = null

  const cut = (listener: Listener): void => {
    listeners.delete(listener)
    listener.reply.raw.end()
  }
  const write = (listener: Listener, text: string): void => {
    if (listener.reply.raw.writableLength > backlogBytesMax) cut(listener)
    else listener.reply.raw.write(text)
  }
  const onTopic = (topic: string): void => {
    for (const listener of listeners) write(listener, `data: ${JSON.stringify(topic)}\n\n`)
  }
  /** Beats, and lets go of whoever signed out or was signed out meanwhile. */
  const beat = async (): Promise<void> => {
    for (const listener of [...listeners]) {
      const alive = await sessionOfDigest(front.db, listener.session.digest, front.clock.now())
      if (alive === null) cut(listener)
      else write(listener, ': beat\n\n')
    }
  }
  const timer = setInterval(() => {
    beat().catch((error: unknown) =>
      front.log.warn({ why: wordsOf(error) }, 'live updates could not check their sessions'),
    )
  }, beatMs)
  timer.unref()

  return {
    add: async (session: Session, reply: FastifyReply): Promise<void> => {
      if (listeners.size >= listenersMax) throw new Trouble('rate.limited')
      subscription ??= front.work.listen(onTopic)
      await subscription
      reply.hijack()
      reply.raw.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      })
      const listener = { reply, session }
      listeners.add(listener)
      reply.raw.on('close', () => listeners.delete(listener))
      reply.raw.write('retry: 2000\ndata: "hello"\n\n')
    },
    close: async (): Promise<void> => {
      clearInterval(timer)
      for (const listener of [...listeners]) cut(listener)
      await (await subscription)?.close()
    },
  }
}
