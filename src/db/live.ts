import { sql } from 'kysely'
import pg from 'pg'
import type { Db } from './open.ts'

const channel = 'counterfoil_live'
/** PostgreSQL takes at most 7,999 bytes; a topic is "alert:<uuid>" or shorter. */
const topicCharsMax = 200
/** A broken connection is tried again after this, twice as long each time. */
const retryMsMin = 200
const retryMsMax = 5000

/** Says that something changed; reaches every listener of every node when the transaction commits, and not otherwise. */
export async function notify(tx: Db, topic: string): Promise<void> {
  await sql`select pg_notify(${channel}, ${topic.slice(0, topicCharsMax)})`.execute(tx)
}

/** The same for several topics, in one statement. PostgreSQL drops doubles within a transaction. */
export async function notifyAll(tx: Db, topics: readonly string[]): Promise<void> {
  const short = topics.map((topic) => topic.slice(0, topicCharsMax))
  await sql`select pg_notify(${channel}, topic) from unnest(${short}::text[]) as topic`.execute(tx)
}

export type Listening = { readonly close: () => Promise<void> }

/**
 * Hands over every topic as it is notified. A lost connection comes back by itself; since topics were missed meanwhile, `onTopic`
 * then gets "reconnected", at which a listener should look at everything again.
 */
export async function listen(url: string, onTopic: (topic: string) => void): Promise<Listening> {
  let closed = false
  let client: pg.Client | undefined
  let timer: NodeJS.Timeout | undefined
  let waitMs = retryMsMin

  const connect = async (): Promise<void> => {
    const fresh = new pg.Client({ connectionString: url, application_name: 'counterfoil-live', keepAlive: true })
    const lost = (): void => {
      if (client !== fresh) return
      client = undefined
      again()
    }
    fresh.on('error', lost)
    fresh.on('end', lost)
    fresh.on('notification', (message) => onTopic(message.payload ?? ''))
    client = fresh
    await fresh.connect()
    await fresh.query(`listen ${channel}`)
    waitMs = retryMsMin
  }
  const again = (): void => {
    if (closed || timer !== undefined) return
    timer = setTimeout(() => {
      timer = undefined
      connect().then(
        () => onTopic('reconnected'),
        () => {
          client = undefined
          again()
        },
      )
    }, waitMs)
    waitMs = Math.min(waitMs * 2, retryMsMax)
  }

  await connect()
  return {
    close: async () => {
      closed = true
      clearTimeout(timer)
      const last = client
      client = undefined
      await last?.end()
    },
  }
}
