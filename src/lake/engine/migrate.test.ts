import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { Session } from 'chdb'
import { expect, test } from 'vitest'
import { search } from '../search/search.ts'
import { openEngine } from './open-engine.ts'
import { storeFolderOf } from './store-folder.ts'

const first = path.join(import.meta.dirname, '..', 'schema', '0001-events.sql')
const silent = { info: () => undefined, warn: () => undefined }

/** A lake as the first version left it, with a line whose fields lie beside it. */
async function lakeOfBefore(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'counterfoil-before-'))
  await mkdir(storeFolderOf(folder), { recursive: true })
  const session = new Session(storeFolderOf(folder))
  const text = await readFile(first, 'utf8')
  const digest = createHash('sha256').update(text).digest('hex')
  for (const statement of [
    ...text.split(/;[ \t]*(?:\n|$)/).filter((part) => part.replaceAll(/^\s*--.*$/gm, '').trim() !== ''),
    `CREATE TABLE migrations (name String, sha256 String, applied DateTime64(3, 'UTC') DEFAULT now64(3)) ENGINE = ReplacingMergeTree ORDER BY name`,
    `INSERT INTO migrations (name, sha256) VALUES ('0001-events.sql', '${digest}')`,
    `INSERT INTO events (time, received, source, load, line, parser, fields, observables, raw)
     VALUES ('2026-03-01 10:00:00', '2026-03-01 10:00:01', 'fw', 1, 0, 'gone', map('door', '7', 'Event ID', 'x'), ['192.0.2.7'], 'a line of before')`,
  ])
    await session.queryAsync(statement)
  session.close()
  return folder
}

const day = { from: '2026-03-01T00:00:00.000Z', to: '2026-03-02T00:00:00.000Z', limit: 10 }

test('a lake of the first version is read as before, also when the way to this one was cut short', async () => {
  const folder = await lakeOfBefore()
  try {
    for (const round of [1, 2]) {
      const engine = openEngine({ folder, clickhouseUrl: null, log: silent, memoryMaxMiB: 1024, fsync: false })
      try {
        const { events } = await search(engine, { query: 'door:7', ...day })
        expect(events.map(({ raw, fields }) => ({ raw, fields }))).toEqual([
          { raw: 'a line of before', fields: { door: '7', 'Event ID': 'x' } },
        ])
        expect(await engine.rows(`SELECT fields['door'] AS door FROM events WHERE load = 1`)).toEqual([{ door: '7' }])
        await engine.command(
          `INSERT INTO stored_events (time, received, source, load, line, observables_kept, raw)
           VALUES ('2026-03-03 10:00:00', '2026-03-03 10:00:01', 'fw', {load:UInt64}, 0, ['192.0.2.7'], 'a line of now')`,
          { load: round + 1 },
        )
        expect(await engine.rows(`SELECT sum(count) AS n FROM seen WHERE observable = '192.0.2.7'`)).toEqual([
          { n: 2 * round },
        ])
        // What lay beside a line of before, and what is made of the columns of a line of now, are found alike.
        await engine.command(
          `INSERT INTO stored_events (time, received, source, load, line, src_endpoint_ip, raw)
           VALUES ('2026-03-01 11:00:00', '2026-03-01 11:00:01', 'fw', {load:UInt64}, 1, toIPv6('192.0.2.7'), 'columns')`,
          { load: round + 1 },
        )
        const found = await search(engine, { query: 'observable:192.0.2.7', ...day })
        expect(found.events.map(({ raw, observables }) => ({ raw, observables }))).toEqual([
          ...Array.from({ length: round }, () => ({ raw: 'columns', observables: ['192.0.2.7'] })),
          { raw: 'a line of before', observables: ['192.0.2.7'] },
        ])
        // No step waits for ever for something that a later one took away.
        await expect
          .poll(() => engine.rows('SELECT command, latest_fail_reason FROM system.mutations WHERE NOT is_done'), {
            timeout: 20_000,
          })
          .toEqual([])
        // As if the process had died before it could write down that it was through.
        if (round === 1) await engine.command(`DELETE FROM migrations WHERE name > '0001'`)
      } finally {
        await engine.close()
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}, 60_000)
