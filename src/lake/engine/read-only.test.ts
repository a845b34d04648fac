import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import { expect, test } from 'vitest'
import { freshLake } from '../../../test/lake.ts'

const { engine, folder } = await freshLake()
const secret = path.join(folder, 'secret.txt')
const out = path.join(folder, 'out.txt')
await writeFile(secret, 'hush')
await engine.command("INSERT INTO stored_events (time, received, source, raw) VALUES (now(), now(), 'fw', 'a line')")

/** A door of this machine that counts who knocks. */
let knocks = 0
const door = createServer((socket) => {
  knocks++
  socket.destroy()
})
await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve))
door.unref()
const address = door.address()
const port = typeof address === 'object' && address !== null ? address.port : 0

const read = (sql: string) => engine.rows(sql, {}, { readOnly: true, timeoutMs: 5_000 })

test.for([
  'SELECT count() AS n FROM events',
  "select * from events where raw = 'DROP; TABLE -- /* \"' limit 1;",
  "WITH a AS (SELECT source, count() AS n FROM events GROUP BY source) SELECT * FROM a WHERE source IN ('fw', 'x')",
  '(SELECT 1 AS a) UNION ALL (SELECT 2 AS a)',
  'EXPLAIN SELECT count() FROM events',
  'DESCRIBE TABLE events',
  'SHOW TABLES',
  'SHOW CREATE TABLE events',
  "SELECT format('{}-{}', source, raw) AS f, url, `file_path`, domain(url) FROM events WHERE url = ''",
  'SELECT number FROM numbers(3) ORDER BY number',
  "SELECT * FROM values('a UInt8', 1, 2)",
  "SELECT raw, 'it''s \\' INTO OUTFILE' AS t FROM events",
])('reading is possible: %s', async (sql) => {
  expect((await read(sql)).length).toBeGreaterThanOrEqual(0)
})

test.for([
  // What changes something.
  'DROP TABLE events',
  'TRUNCATE TABLE events',
  'SELECT 1; DROP TABLE events',
  "INSERT INTO events (source) VALUES ('x')",
  'ALTER TABLE events DELETE WHERE 1',
  'CREATE TABLE x (a UInt8) ENGINE = Memory',
  'CREATE TEMPORARY TABLE x (a UInt8)',
  "ATTACH DATABASE d ENGINE = Filesystem('/')",
  'KILL QUERY WHERE 1',
  'SYSTEM SHUTDOWN',
  'USE system',
  'SET max_memory_usage = 0',
  'EXECUTE AS default SELECT 1',
  'SELECT 1 PARALLEL WITH DROP TABLE events',
  // Files.
  `SELECT file('${secret}')`,
  `SELECT FILE ( '${secret}' )`,
  `SELECT "file"('${secret}')`,
  `SELECT \`file\`('${secret}')`,
  `SELECT "fi\\x6ce"('${secret}')`,
  `SELECT arrayMap(file, ['${secret}'])`,
  `SELECT * FROM file('${secret}', 'LineAsString')`,
  `SELECT * FROM '${secret}'`,
  `DESCRIBE TABLE file('${secret}', 'LineAsString')`,
  `DESCRIBE file('${secret}')`,
  `EXPLAIN SELECT * FROM file('${secret}', 'LineAsString')`,
  `SELECT raw IN (SELECT line FROM file('${secret}', 'LineAsString', 'line String')) FROM events`,
  `WITH (SELECT file('${secret}')) AS x SELECT x`,
  `SELECT 'hush' IN file('${secret}', 'LineAsString', 'line String')`,
  `SELECT * FROM sqlite('${out}', 't')`,
  `SELECT * FROM filesystem('${folder}')`,
  `SELECT 1 INTO OUTFILE '${out}'`,
  `SELECT 1 AS a FROM events INTO/**/OUTFILE '${out}'`,
  `SELECT 'a' AS "b\\" INTO OUTFILE '${out}' --"`,
  `SELECT catboostEvaluate('${secret}', 1)`,
  `SELECT * FROM executable('${secret}', 'CSV', 'a String')`,
  `SELECT * FROM icebergLocal('${folder}')`,
  `SELECT * FROM deltaLakeLocal('${folder}')`,
  // The network.
  `SELECT * FROM url('http://127.0.0.1:${port}/', 'LineAsString')`,
  `DESCRIBE TABLE url('http://127.0.0.1:${port}/', 'LineAsString')`,
  `SELECT * FROM s3('http://127.0.0.1:${port}/bucket/key', 'CSV', 'a String')`,
  `SELECT * FROM iceberg('http://127.0.0.1:${port}/bucket/key')`,
  `SELECT * FROM remote('127.0.0.1:${port}', 'system.one')`,
  `SELECT * FROM mysql('127.0.0.1:${port}', 'a', 'b', 'c', 'd')`,
  `SELECT * FROM postgresql('127.0.0.1:${port}', 'a', 'b', 'c', 'd')`,
  `SELECT * FROM redis('127.0.0.1:${port}', 'a', 'a String')`,
  `SELECT * FROM mongodb('127.0.0.1:${port}', 'a', 'b', 'c', 'd', 'e String')`,
  `SELECT * FROM hdfs('hdfs://127.0.0.1:${port}/x', 'CSV', 'a String')`,
  `SELECT * FROM cluster('default', system.one)`,
  "SELECT aiGenerate('x')",
  // What is not the lake's.
  'SELECT * FROM system.processes',
  'SELECT * FROM `system`.processes',
  'SELECT * FROM "system" . "processes"',
  'SELECT * FROM INFORMATION_SCHEMA.tables',
  "SELECT * FROM merge('system', '.*')",
  "SELECT * FROM merge(REGEXP('.*'), 'processes')",
  'SELECT hostName(), serverUUID()',
  "SELECT dictGet('d', 'a', 1)",
  'SELECT json FROM sources',
  'SELECT * FROM default.`sources`',
  'SHOW PROCESSLIST',
  'SHOW USERS',
  // Bounds and forms.
  'SELECT 1 SETTINGS max_memory_usage = 0',
  'SELECT sleep(3)',
  'SELECT sleepEachRow(1) FROM numbers(3)',
  'SELECT 1 FORMAT Native',
  // What two lexers might read in two ways.
  'SELECT 1 -- a comment',
  'SELECT /* */ 1',
  'SELECT 1 # a comment',
  "SELECT $$file$$('x')",
  `SELECT \u2018a\u2019`,
  "SELECT 'not ended",
  '',
  ';',
])('refused before the engine sees it: %s', async (sql) => {
  await expect(read(sql)).rejects.toMatchObject({ code: 'lake.query' })
})

// A name of a table may be a path: the embedded engine's default database reads files by it, but not under its `readonly`. Names with
// dots and slashes are names of columns as well, so that the list of words does not refuse them.
test.for([
  `SELECT * FROM "${secret}"`,
  `SELECT * FROM \`${secret}\``,
  `SELECT * FROM events, "${secret}"`,
  `SELECT * FROM default."${secret}"`,
  `SELECT 'hush' IN "${secret}"`,
  `DESCRIBE TABLE "${secret}"`,
  'SELECT * FROM "engine.json"',
])('refused by the engine: %s', async (sql) => {
  await expect(read(sql)).rejects.toMatchObject({ code: 'lake.query' })
})

test('nothing of that was done: no file written, nobody called, no row gone', async () => {
  expect(existsSync(out)).toBe(false)
  expect(knocks).toBe(0)
  expect(await read('SELECT count() AS n FROM events')).toEqual([{ n: 1 }])
})

test('a mistake in a typed query is said with its place', async () => {
  await expect(read('SELECT nonsense FROM events')).rejects.toMatchObject({
    code: 'lake.query',
    details: { problem: expect.stringContaining('nonsense') },
  })
})

test('the engine itself refuses as well: readonly lies behind the list of words', async () => {
  const behind = (sql: string) => engine.command(sql, {}, { settings: { readonly: 1 } })
  await expect(behind('DROP TABLE events')).rejects.toMatchObject({ details: { type: 'READONLY' } })
  await expect(behind("INSERT INTO events (source) VALUES ('x')")).rejects.toMatchObject({
    details: { type: 'READONLY' },
  })
  await expect(behind('SELECT 1 SETTINGS max_memory_usage = 1')).rejects.toMatchObject({
    details: { type: 'READONLY' },
  })
})
