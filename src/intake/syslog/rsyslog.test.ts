import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { certificatesIn } from '../../../test/certificates.ts'
import { noRsyslog, type Rsyslog, sentBy, startRsyslog } from '../../../test/rsyslog.ts'
import { SyslogDoor as SyslogConfig } from '../../config/config.ts'
import { systemClock } from '../../kit/clock.ts'
import { Trouble } from '../../kit/errors.ts'
import { openSyslogDoor, type SyslogDoor } from './door.ts'

/** Lines sent through; rsyslog's own queue holds ten thousand. */
const linesSent = 3_000

const silent = { info: () => undefined, warn: () => undefined }
let folder: string
let door: SyslogDoor | null = null
let rsyslog: Rsyslog | null = null
let full = false
const taken: string[] = []

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'syslog-real-'))
  certificatesIn(folder)
})
afterEach(async () => {
  full = false
  await rsyslog?.stop()
  await door?.close()
  rsyslog = null
  door = null
  taken.length = 0
})
afterAll(() => rmSync(folder, { recursive: true }))

async function open(config: object): Promise<number> {
  door = await openSyslogDoor({
    config: SyslogConfig.parse({ sources: [{ from: ['127.0.0.0/8'], source: 'real' }], ...config }),
    takeLogs: async ({ lines }) => {
      if (full) throw new Trouble('lake.full')
      taken.push(...lines.map((line) => Buffer.from(line).toString()))
    },
    clock: systemClock,
    log: silent,
  })
  const news = await door.news()
  return news.udp?.port ?? news.tcp?.port ?? news.tls?.port ?? 0
}

function send(count: number): void {
  const lines = Array.from({ length: count }, (_, n) => `event ${n} "quoted" über 192.0.2.${n % 250}`)
  if (rsyslog !== null) appendFileSync(rsyslog.inputFile, `${lines.join('\n')}\n`)
}

/** All that was written to rsyslog's file has come, in the order it was written, under rsyslog's header. */
async function expectAllCame(): Promise<void> {
  const wanted = rsyslog === null ? [] : sentBy(rsyslog)
  await expect.poll(() => taken.length, { timeout: 15_000 }).toBe(wanted.length)
  expect(taken.map((line) => /event \d+ .*$/.exec(line)?.[0])).toEqual(wanted)
  for (const line of taken) expect(line).toMatch(/^<134>/)
}

describe.skipIf(noRsyslog !== null)('a real rsyslogd', () => {
  test.each([
    ['UDP', 'udp', 'template="RSYSLOG_ForwardFormat"', 300],
    ['TCP by newline', 'tcp', 'tcp_framing="traditional"', linesSent],
    [
      'TCP by count, RFC 5424',
      'tcp',
      'tcp_framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format"',
      linesSent,
    ],
  ])('over %s', async (_name, protocol, more, count) => {
    const port = await open({ [protocol]: 0 })
    rsyslog = await startRsyslog({
      action: `action(type="omfwd" target="127.0.0.1" port="${port}" protocol="${protocol}" ${more})`,
    })
    send(count)
    await expectAllCame()
  })

  test('over TLS with a client certificate', async () => {
    const file = (name: string): string => path.join(folder, name)
    const port = await open({
      tls: { port: 0, certFile: file('server.pem'), keyFile: file('server.key'), clientCaFile: file('ca.pem') },
    })
    rsyslog = await startRsyslog({
      head: ` defaultNetstreamDriverCAFile="${file('ca.pem')}" defaultNetstreamDriverCertFile="${file('client.pem')}" defaultNetstreamDriverKeyFile="${file('client.key')}"`,
      action: `action(type="omfwd" target="127.0.0.1" port="${port}" protocol="tcp" tcp_framing="octet-counted"
        streamDriver="ossl" streamDriverMode="1" streamDriverAuthMode="x509/name" streamDriverPermittedPeers="localhost")`,
    })
    send(linesSent)
    await expectAllCame()
  })

  test('a lake that is full for a second loses nothing of what came over TCP', async () => {
    const port = await open({ tcp: 0 })
    full = true
    rsyslog = await startRsyslog({ action: `action(type="omfwd" target="127.0.0.1" port="${port}" protocol="tcp")` })
    send(linesSent)
    await new Promise((resolve) => setTimeout(resolve, 1000))
    expect(taken).toEqual([])
    full = false
    await expectAllCame()
  })
})

describe.skipIf(!existsSync('/usr/bin/logger'))('logger of util-linux', () => {
  test.each<[string, string, string[], RegExp]>([
    ['over UDP', 'udp', ['-d', '--rfc3164'], /^<13>\w{3} [ \d]\d .* demo: hello$/],
    ['over TCP', 'tcp', ['-T', '--rfc5424=notq'], /^<13>1 \S+ \S+ demo - - - hello$|^<13>1 .* demo .* hello$/],
    ['over TCP with counts', 'tcp', ['-T', '--rfc5424', '--octet-count'], /^<13>1 .* demo .* hello$/],
  ])('%s', async (_name, protocol, options, shape) => {
    const port = await open({ [protocol]: 0 })
    execFileSync('/usr/bin/logger', ['-n', '127.0.0.1', '-P', String(port), '-t', 'demo', ...options, 'hello'])
    await expect.poll(() => taken.length).toBe(1)
    expect(taken[0]).toMatch(shape)
  })
})
