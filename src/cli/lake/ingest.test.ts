import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { runCommand, type Said } from '../../../test/program.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'counterfoil-ingest-'))
afterAll(() => rmSync(folder, { recursive: true }))

const env = { COUNTERFOIL_DATA: path.join(folder, 'data') }
const ingest = (args: readonly string[], input: string | Buffer = ''): Promise<Said> =>
  runCommand(['lake', 'ingest', ...args], env, { cwd: folder, input })
const sshd = (n: number): string =>
  `<38>Nov 20 10:00:00 web-1 sshd[${n}]: Failed password for invalid user u${n} from 198.51.100.${n % 250} port 4242 ssh2\n`
const many = (from: number, to: number): string => Array.from({ length: to - from }, (_, n) => sshd(from + n)).join('')

test('a folder is read once, what grew is read on, stdin as it comes; what no parser reads is counted', async () => {
  const logs = path.join(folder, 'logs')
  mkdirSync(logs)
  writeFileSync(path.join(logs, 'auth.log'), many(0, 300))
  writeFileSync(path.join(logs, 'old.gz'), gzipSync(many(300, 500)))
  const first = await ingest([logs, '--source', 'ssh', '--json'])
  expect(first).toMatchObject({ code: 0, err: '' })
  expect(JSON.parse(first.out)).toMatchObject({
    source: 'ssh',
    files: 2,
    lines: 500,
    unread: 0,
    problems: [],
    setAside: 0,
  })
  expect(await ingest([logs, '--source', 'ssh'])).toMatchObject({
    code: 0,
    out: 'ssh: nothing new in 2 files\n',
    err: '',
  })
  appendFileSync(path.join(logs, 'auth.log'), many(500, 507))
  const third = await ingest([logs, '-', '--source', 'ssh', '--json'], 'qwertz uiop\nno end of line')
  expect(JSON.parse(third.out)).toMatchObject({ lines: 9, unread: 2 })
}, 120_000)

test('a wrong call exits 2; a missing file, a packing we do not read and an unknown parser exit 1 and say what it is', async () => {
  expect((await ingest(['x.log'])).code).toBe(2)
  expect((await ingest(['x.log', '--source', 'No Spaces'])).code).toBe(2)
  expect((await ingest(['x.log', '--source', 's', '--time-zone', 'Mars/Base'])).code).toBe(2)
  const missing = await ingest(['not-there.log', '--source', 's'])
  expect(missing).toMatchObject({ code: 1, out: '' })
  expect(missing.err).toContain('not-there.log')
  writeFileSync(path.join(folder, 'a.bz2'), 'BZh91AY&SY')
  const packed = await ingest(['a.bz2', '--source', 's'])
  expect(packed.code).toBe(1)
  expect(packed.err).toContain('bzip2')
  const parser = await ingest(['a.bz2', '--source', 's', '--parser', 'nonsense'])
  expect(parser.code).toBe(1)
  expect(parser.err).toContain('lake parsers')
  expect((await ingest(['--help'])).out).toContain('Examples:')
}, 60_000)
