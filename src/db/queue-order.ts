import { type RawBuilder, sql } from 'kysely'
import { z } from 'zod'
import type { QueueQuery, QueueSort, Tab } from '../contract/desk.ts'
import { Trouble } from '../kit/errors.ts'

const usual: Record<Tab, QueueSort> = {
  needs: 'risk',
  answer: 'decided',
  approver: 'decided',
  provider: 'risk',
  asked: 'risk',
  running: 'newest',
  snoozed: 'waking',
  merged: 'newest',
  done: 'decided',
  all: 'newest',
}

export function sortOf({ sort, tab }: Pick<QueueQuery, 'sort' | 'tab'>): QueueSort {
  return sort === '' ? usual[tab] : sort
}

type Order = {
  readonly by: RawBuilder<unknown>
  /** The first value that it is ordered by, as text for the cursor; null where that is the time of arrival itself. */
  readonly key: RawBuilder<string | null>
  readonly after: (key: string | null, at: string, id: string) => RawBuilder<boolean>
}

const decided = sql`coalesce(a.decided_at, a.received_at)`
const waking = sql`coalesce(a.snooze_until, 'infinity')`

/** Every order is total: the id decides in the end, so that a page begins exactly where the one before ended. */
export const orders: Record<QueueSort, Order> = {
  risk: {
    by: sql`a.priority desc, a.received_at desc, a.id desc`,
    key: sql`a.priority::text`,
    after: (key, at, id) => sql`(a.priority, a.received_at, a.id) < (${key}::integer, ${at}::timestamptz, ${id}::uuid)`,
  },
  newest: {
    by: sql`a.received_at desc, a.id desc`,
    key: sql`null::text`,
    after: (_key, at, id) => sql`(a.received_at, a.id) < (${at}::timestamptz, ${id}::uuid)`,
  },
  oldest: {
    by: sql`a.received_at, a.id`,
    key: sql`null::text`,
    after: (_key, at, id) => sql`(a.received_at, a.id) > (${at}::timestamptz, ${id}::uuid)`,
  },
  decided: {
    by: sql`${decided} desc, a.received_at desc, a.id desc`,
    key: sql`${decided}::text`,
    after: (key, at, id) =>
      sql`(${decided}, a.received_at, a.id) < (${key}::timestamptz, ${at}::timestamptz, ${id}::uuid)`,
  },
  waking: {
    by: sql`${waking}, a.received_at, a.id`,
    key: sql`${waking}::text`,
    after: (key, at, id) =>
      sql`(${waking}, a.received_at, a.id) > (${key}::timestamptz, ${at}::timestamptz, ${id}::uuid)`,
  },
}

const Cursor = z.tuple([z.string().max(40).nullable(), z.string().max(40), z.uuid()])

export function cursorOf(key: string | null, at: string, id: string): string {
  return Buffer.from(JSON.stringify([key, at, id])).toString('base64url')
}

/** Rows behind the cursor. Throws Trouble('input.invalid') for one that none of ours is. */
export function behind(sort: QueueSort, after: string): RawBuilder<boolean> {
  if (after === '') return sql`true`
  const times = z.union([z.literal('infinity'), z.string().regex(/^[0-9: .+-]+$/)])
  try {
    const [key, at, id] = Cursor.parse(JSON.parse(Buffer.from(after, 'base64url').toString('utf8')))
    if (sort === 'risk')
      z.string()
        .regex(/^-?\d{1,9}$/)
        .parse(key)
    if (sort === 'decided' || sort === 'waking') times.parse(key)
    times.parse(at)
    return orders[sort].after(key, at, id)
  } catch (error) {
    throw new Trouble('input.invalid', { field: 'after' }, error)
  }
}
