import { createHash, randomBytes } from 'node:crypto'
import { Trouble } from '../../kit/errors.ts'
import { eventsSql, fieldsBlockRows, readSplits, type Splits } from '../parse/fields-again.ts'
import type { Engine } from './engine.ts'

type Asks = Pick<Engine, 'rows' | 'command'>

/** Several processes may each add a split; each looks again after it has written, so that the last to write has seen all. */
const turnsMax = 10

/** What is read again: every split that lines were stored with. */
export async function keptSplits(engine: Pick<Engine, 'rows'>): Promise<Splits> {
  return readSplits(await engine.rows<{ id: string; json: string }>('SELECT id, json FROM splits FINAL ORDER BY id'))
}

/**
 * Makes the view `events` say what this version and the splits of the lake make of it, where it does not yet. Its comment names what it
 * was made of.
 */
export async function standEventsView(engine: Asks): Promise<void> {
  for (let turn = 0; turn < turnsMax; turn += 1) {
    const splits = await keptSplits(engine)
    const select = eventsSql(splits)
    const [stored] = await engine.rows<{ columns: string }>(
      `SELECT toString(groupArray((name, type))) AS columns FROM system.columns WHERE database = currentDatabase() AND table = 'stored_events'`,
    )
    const digest = createHash('sha256')
      .update(select)
      .update(String(fieldsBlockRows))
      .update(stored?.columns ?? '')
      .digest('hex')
    const [view] = await engine.rows<{ comment: string }>(
      "SELECT comment FROM system.tables WHERE database = currentDatabase() AND name = 'events'",
    )
    if (view?.comment === digest) return
    const as = `AS ${select} SETTINGS max_block_size = ${fieldsBlockRows} COMMENT '${digest}'`
    if (view === undefined) {
      await engine.command(`CREATE VIEW IF NOT EXISTS events ${as}`)
      continue
    }
    // CREATE OR REPLACE leaves a moment without a view (seen); an exchange does not.
    const next = `events_next_${randomBytes(8).toString('hex')}`
    await engine.command(`CREATE VIEW ${next} ${as}`)
    await engine.command(`EXCHANGE TABLES events AND ${next}`)
    await engine.command(`DROP VIEW ${next}`)
  }
  throw new Trouble('internal', { problem: 'other processes change the view of events all the time' })
}
