import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { FastifyReply } from 'fastify'
import { may } from '../contract/permissions.ts'
import { type Session, sessionOfDigest } from '../db/sessions.ts'
import { sha256Hex } from '../kit/digest.ts'
import { Trouble, wordsOf } from '../kit/errors.ts'
import type { Front } from './front.ts'

/** Browsers that may listen at once: 300 were served in a test with a tenth of a core; a desk has ten. */
const listenersMax = 500
/** Tabs of one browser; a person has a few open. */
export const listenersOfSessionMax = 10
/** Proxies cut silent connections after 30 to 60 s. */
const beatMs = 20_000
/** What a listener may lag behind before it is cut off; it comes back by itself and looks at everything. */
const backlogBytesMax = 1024 * 1024

type Listener = { readonly reply: FastifyReply; readonly session: Session }

const userTopic = 'user:'
/** Says that somebody's sessions may be over. For the hubs of all nodes; it is not handed on to browsers. */
export const topicOfUser = (userId: string): string => `${userTopic}${userId}`

/** Which pages this server hands out: a tab that was told of others before is from before an upgrade. Null where they are not built. */
function topicOfBuild(webFolder: string): string | null {
  const page = path.join(webFolder, 'index.html')
  return existsSync(page) ? `build:${sha256Hex(readFileSync(page)).slice(0, 16)}` : null
}

/** One subscription to the database's news, handed on to every browser as server-sent events. */
export function liveHub(front: Front) {
  const listeners = new Set<Listener>()
  const build = topicOfBuild(front.webFolder)
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
    if (topic.startsWith(userTopic)) {
      const theirs = [...listeners].filter(({ session }) => topicOfUser(session.user.id) === topic)
      check(theirs, null)
      return
    }
    // Ids and the times at which something happens are news of the desk; others hear only that we are there.
    for (const listener of listeners)
      if (may(listener.session.user.role, 'desk.see')) write(listener, `data: ${JSON.stringify(topic)}\n\n`)
  }
  /** Lets go of those whose session is over, and says `text` to the others. */
  const look = async (some: readonly Listener[], text: string | null): Promise<void> => {
    for (const listener of some) {
      const alive = await sessionOfDigest(front.db, listener.session.digest, front.clock.now())
      if (alive === null) cut(listener)
      else if (text !== null) write(listener, text)
    }
  }
  const check = (some: readonly Listener[], text: string | null): void => {
    look(some, text).catch((error: unknown) =>
      front.log.warn({ why: wordsOf(error) }, 'live updates could not check their sessions'),
    )
  }
  const timer = setInterval(() => check([...listeners], ': beat\n\n'), beatMs)
  timer.unref()

  return {
    add: async (session: Session, reply: FastifyReply): Promise<void> => {
      subscription ??= front.work.listen(onTopic)
      await subscription
      // After the waiting, so that many who come at once are counted one by one.
      const ofSession = [...listeners].filter((listener) => listener.session.digest === session.digest).length
      if (listeners.size >= listenersMax || ofSession >= listenersOfSessionMax) throw new Trouble('rate.limited')
      reply.hijack()
      reply.raw.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      })
      const listener = { reply, session }
      listeners.add(listener)
      reply.raw.on('close', () => listeners.delete(listener))
      reply.raw.write(`retry: 2000\ndata: "hello"\n\n${build === null ? '' : `data: ${JSON.stringify(build)}\n\n`}`)
      // It may have ended between the guard's look and now, when nobody told this listener yet.
      check([listener], null)
    },
    close: async (): Promise<void> => {
      clearInterval(timer)
      for (const listener of [...listeners]) cut(listener)
      await (await subscription)?.close()
    },
  }
}
