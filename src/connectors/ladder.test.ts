import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixedClock } from '../kit/clock.ts'
import type { Connector } from '../model/connector.ts'
import { type QuestionName, questions } from '../model/question.ts'
import { makeAsk } from './ask.ts'
import { command } from './command/index.ts'
import { ldap } from './ldap/index.ts'

const clock = fixedClock('2026-11-02T09:00:00.000Z')
const forever = new AbortController().signal
const secret = async () => 'a password'
let folder: string
let tool: string
let server: Server
const sockets: Socket[] = []

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'cf-ladder-'))
  tool = path.join(folder, 'tool')
  writeFileSync(tool, '#!/bin/sh\nprintf %s "$1"\n')
  chmodSync(tool, 0o755)
  // A directory that takes the connection and never says a word.
  server = createServer((socket) => void sockets.push(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => {
  for (const socket of sockets) socket.destroy()
  server.close()
  rmSync(folder, { recursive: true })
})

/** A program that answers one question with a fixed row. */
function quick(id: string, question: QuestionName, row: object, list = ''): Connector {
  const settings = { questions: { [question]: { program: tool, args: [JSON.stringify(row)], list } } }
  return command.open({ id, title: id, settings, secret })
}

test('five sources, one of which hangs: the other rungs are filled first, and the one that hangs is "failed", not "nothing"', async () => {
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const place = {
    host: '127.0.0.1',
    port,
    security: 'plain-text',
    bindDn: 'cn=x',
    baseDn: 'dc=x',
    allowAddresses: ['127.0.0.1'],
  }
  const hangs = ldap.open({ id: 'directory', title: 'Directory', settings: { ...place, timeoutMs: 2_500 }, secret })
  const session = { source: '192.0.2.1', destination: '203.0.113.9' }
  const connectors = [
    hangs,
    quick('firewall', 'sessions-between-addresses', [session], 'rows'),
    quick('edr', 'processes-of-host', [{ process: 'a.exe' }], 'rows'),
    quick('scanner', 'vulnerabilities-of-asset', [{ cve: 'CVE-2026-0001' }], 'open'),
    quick(
      'calendar',
      'change-window-of-asset',
      [{ id: 'C-1', title: 'Patch day', from: '2026-11-02T08:00:00Z', to: '2026-11-02T10:00:00Z' }],
      'changes',
    ),
  ]
  const ask = makeAsk({ connectors, clock, news: () => undefined })
  const came: string[] = []
  const asks: [QuestionName, Record<string, string>][] = [
    ['person-of-account', { account: 'ameyer' }],
    ['sessions-between-addresses', session],
    ['processes-of-host', { host: 'ws-1' }],
    ['vulnerabilities-of-asset', { asset: 'ws-1' }],
    ['change-window-of-asset', { asset: 'ws-1' }],
  ]
  const answers = await Promise.all(
    asks.map(([question, values]) =>
      ask(question, values, {
        signal: forever,
        onAnswer: (one) => void came.push(`${questions[question].rung} ${one.answered.kind}`),
      }),
    ),
  )
  expect(came.slice(0, 4).toSorted()).toEqual([
    'business-context found',
    'endpoint-logs found',
    'network-sessions found',
    'vulnerability found',
  ])
  expect(came[4]).toBe('identity-owner failed')
  expect(answers[0]?.[0]?.answered).toMatchObject({
    kind: 'failed',
    why: expect.stringMatching(/2500 ms|timed? ?out/i),
  })
})
