import { createHash } from 'node:crypto'
import { type ControlledTransaction, Kysely, PostgresDialect, type PostgresPool, type Transaction } from 'kysely'
import pg from 'pg'
import { Trouble } from '../kit/errors.ts'
import type { Tables } from './tables.ts'

/** What every function of this room takes first: the database or a transaction of it. */
export type Db = Kysely<Tables> | Transaction<Tables> | ControlledTransaction<Tables>

export type Database = {
  readonly db: Kysely<Tables>
  readonly pool: pg.Pool
  readonly url: string
  readonly close: () => Promise<void>
}

/** Two cores answer no faster with more; leaves room for a second node within PostgreSQL's 100. */
export const poolMaxDefault = 20
/** A connection that is not there after this long counts as an unreachable database. */
export const connectTimeoutMs = 5000
/** Named prepared statements for each connection; past this number (queries put together by filters) they go unnamed. */
export const preparedMax = 300

const unreachable = new Set([
  'ECONNREFUSED',
  'ENOENT',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  '57P01',
  '57P02',
  '57P03',
  '53300',
])
const full = new Set(['53100', 'ENOSPC'])
/** Text that PostgreSQL cannot hold (a NUL, a lone surrogate): what is written is made plain (jsonb.ts), what is asked for is refused. */
const unholdable = new Set(['22021', '22P05'])

/** Turns what pg throws into a Trouble where a person can act on it (unreachable, disk full, no text); anything else comes back as it is. */
export function asTrouble(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof Trouble) return error
  const code = String((error as { code?: unknown }).code ?? '')
  if (full.has(code)) return new Trouble('disk.full', { code }, error)
  if (unholdable.has(code)) return new Trouble('input.invalid', { problem: 'a character that is none' }, error)
  // pg gives no code for a connection that breaks or does not come: only these words (pg/lib/client.js, pg-pool/index.js).
  const broken =
    code === '' &&
    /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/.test(
      error.message,
    )
  if (unreachable.has(code) || code.startsWith('08') || broken)
    return new Trouble('database.unreachable', { code }, error)
  return error
}

/**
 * Kysely asks a pool for clients; this one names each statement (pg then prepares it once per connection: +46 % selects by
 * key) and speaks our errors.
 */
function namingPool(pool: pg.Pool): PostgresPool {
  const names = new Map<string, string>()
  const nameOf = (text: string): string | undefined => {
    const known = names.get(text)
    if (known !== undefined || names.size >= preparedMax) return known
    const name = `cf_${createHash('sha1').update(text).digest('hex').slice(0, 24)}`
    names.set(text, name)
    return name
  }
  const wrapped = new WeakMap<pg.PoolClient, Awaited<ReturnType<PostgresPool['connect']>>>()
  return {
    options: pool.options,
    end: () => pool.end(),
    connect: async () => {
      const client = await pool.connect().catch((error: unknown) => {
        throw asTrouble(error)
      })
      const before = wrapped.get(client)
      if (before !== undefined) return before
      const query = async (text: string, values: readonly unknown[]) => {
        try {
          const name = values.length > 0 ? nameOf(text) : undefined
          return await client.query(
            name === undefined ? { text, values: [...values] } : { name, text, values: [...values] },
          )
        } catch (error) {
          throw asTrouble(error)
        }
      }
      const mine = { query, release: (destroy?: boolean) => client.release(destroy) } as unknown as Awaited<
        ReturnType<PostgresPool['connect']>
      >
      wrapped.set(client, mine)
      return mine
    },
  }
}

/** A bare pool for graphile-worker, which does without Kysely. Connections that break are dropped and opened anew. */
export function openPool(url: string, max: number, name: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    application_name: name,
    connectionTimeoutMillis: connectTimeoutMs,
  })
  quietly(pool)
  return pool
}

/** An idle connection may break at any time; the next query opens another or says so itself. One that breaks while a transaction thinks
 * emits an error that nobody awaits; without a listener Node would end the process. */
function quietly(pool: pg.Pool): void {
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
}

/** Opens a pool and asks once. Throws Trouble('database.unreachable') when nobody answers. */
export async function openDatabase(url: string, options: { readonly poolMax?: number } = {}): Promise<Database> {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.poolMax ?? poolMaxDefault,
    connectionTimeoutMillis: connectTimeoutMs,
    application_name: 'counterfoil',
    // A statement of ours that takes a minute is a fault, not work.
    statement_timeout: 60_000,
    idle_in_transaction_session_timeout: 60_000,
  })
  quietly(pool)
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: namingPool(pool) }) })
  try {
    await pool.query('select 1')
  } catch (error) {
    await pool.end()
    throw asTrouble(error)
  }
  let closed: Promise<void> | undefined
  const close = (): Promise<void> => {
    closed ??= pool.end()
    return closed
  }
  return { db, pool, url, close }
}

/** Runs `work` in one transaction; joins the one it is given, if it is given one. */
export async function transaction<T>(db: Db, work: (tx: Transaction<Tables>) => Promise<T>): Promise<T> {
  if (db.isTransaction) return work(db as Transaction<Tables>)
  return db.transaction().execute(work)
}

/** Runs `work` on one state of the record, in a transaction that cannot write: PostgreSQL refuses it, whatever the code does. */
export async function readOnly<T>(db: Db, work: (tx: Transaction<Tables>) => Promise<T>): Promise<T> {
  return db.transaction().setAccessMode('read only').setIsolationLevel('repeatable read').execute(work)
}
