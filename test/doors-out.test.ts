import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'

/**
 * Every file of the program that can open a connection or a process that does, with the reason. Towards a provider only `outbox/` sends,
 * and only what passes its gate; the others ask or listen, or reach what is our own. A file that is not here may not connect.
 */
const mayConnect: Readonly<Record<string, string>> = {
  'src/outbox/mail/send.ts': 'mail out: only what the gate lets pass, and notices to our own people',
  'src/outbox/mail/compose.ts': 'makes bytes of a mail; file and link access are switched off',
  'src/outbox/call-out.ts':
    'tells our own ticket systems and chat what an administrator ticked; none of them is a provider',
  'src/outbox/jira/index.ts': 'makes the form of a file for Jira, sent by call-out.ts',
  'src/kit/guard.ts': 'refuses addresses that a connector or a ticket system may not reach',
  'src/intake/smtp/door.ts': 'listens',
  'src/intake/imap/door.ts': 'reads our own mailbox',
  'src/intake/mail/dns.ts': 'asks our resolver for SPF, DKIM and DMARC records',
  'src/intake/syslog/udp.ts': 'listens',
  'src/intake/syslog/streams.ts': 'listens',
  'src/connectors/call.ts': 'asks a source that a person set up, through the guard of addresses',
  'src/connectors/reach.ts': 'names and addresses for that guard',
  'src/connectors/command/index.ts': 'runs a program that a person set up',
  'src/connectors/dns/index.ts': 'asks a name server that a person set up',
  'src/connectors/ldap/session.ts': 'asks our own directory',
  'src/connectors/ldap/index.ts': 'makes filters for it',
  'src/connectors/ldap/read.ts': 'reads what it answered',
  'src/connectors/http-json/sign-in.ts': 'signs in where a person set it up, by call.ts',
  'src/connectors/intelligence/fetch.ts': 'fetches feeds that a person set up; tells them nothing but its key',
  'src/connectors/own-networks/reverse.ts': 'asks our resolver for names of our own addresses',
  'src/connectors/sql/mariadb.ts': 'asks a database that a person set up',
  'src/connectors/sql/postgresql.ts': 'asks a database that a person set up',
  'src/connectors/ssh/index.ts': 'asks a machine of ours that a person set up',
  'src/db/launcher.ts': 'starts our own PostgreSQL',
  'src/db/open.ts': 'our own PostgreSQL',
  'src/db/leave.ts': 'our own PostgreSQL',
  'src/db/migrate.ts': 'our own PostgreSQL',
  'src/db/live.ts': 'our own PostgreSQL',
  'src/db/backup.ts': 'our own PostgreSQL',
  'src/db/restore.ts': 'our own PostgreSQL',
  'src/lake/engine/clients.ts': 'our own ClickHouse',
  'src/lake/engine/keeper.ts': 'starts our own ClickHouse',
  'src/lake/engine/trouble-of.ts': 'reads what it answered',
  'src/main/seal-keys.ts': 'runs the program that holds the sealing key',
  'src/lake/engine/serve.ts': 'listens on a Unix socket',
  'src/cli/doctor/machine.ts': 'looks at this machine',
  'src/cli/doctor/outside.ts': 'tries whether our own servers answer; sends no mail',
  'src/cli/mcp/desk-client.ts': 'asks our own desk',
  'src/http/sso.ts': 'asks our own identity provider',
  'src/demo/provider-played.ts': 'plays the provider in the demo',
}

const packages =
  /from '(?:node:(?:net|tls|http|https|http2|dgram|dns(?:\/promises)?|child_process)|undici|nodemailer(?:\/[^']*)?|imapflow|smtp-server|ldapts|pg|mysql2(?:\/[^']*)?|ssh2|openid-client|@clickhouse\/client|ws)'/
const asType = /import type [^\n]*$/
const calls =
  /(?<![\w.])(?:globalThis\.)?fetch\((?!\))|new (?:WebSocket|EventSource)\(|import\('(?:node:net|node:tls|undici|nodemailer)/

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/\.test\.ts$|\.sample\.ts$|\.d\.ts$/.test(name))
    .map((name) => path.join(folder, name))
}

/** True when a file can open a connection by itself; a type that is imported opens none. */
function canConnect(text: string): boolean {
  const imports = text.match(/^import [\s\S]*?from '[^']+'/gm) ?? []
  return (
    imports.some((one) => packages.test(one) && !asType.test(one.replaceAll('\n', ' ')) && !isHarmless(one)) ||
    calls.test(text.replace(/^\s*(?:\/?\*|\/\/).*$/gm, ''))
  )
}

/** isIP and its like only read a text. */
function isHarmless(statement: string): boolean {
  const names = /\{([^}]*)\}/.exec(statement)?.[1] ?? '*'
  return names.split(',').every((name) => /^\s*(?:(?:type \w+)|isIP(?:v[46])?|BlockList|SocketAddress)?\s*$/.test(name))
}

test('no file but those that are named can connect to anything, and each of them has its reason', () => {
  const root = path.resolve(import.meta.dirname, '..')
  const files = filesOf(path.join(root, 'src'))
  expect(files.length).toBeGreaterThan(400)
  const found = files.filter((file) => canConnect(readFileSync(file, 'utf8'))).map((file) => path.relative(root, file))
  expect(found.filter((file) => mayConnect[file] === undefined)).toEqual([])
  expect(Object.keys(mayConnect).filter((file) => !found.includes(file))).toEqual([])
})

test('only the mail door holds the sender, and only the gate decides what it takes', () => {
  const root = path.resolve(import.meta.dirname, '..')
  const sender = path.join(root, 'src/outbox/mail/send.ts')
  const holders = filesOf(path.join(root, 'src')).filter((file) =>
    [...readFileSync(file, 'utf8').matchAll(/from '(\.[^']+)'/g)].some(
      ([, from]) => path.resolve(path.dirname(file), from ?? '') === sender,
    ),
  )
  expect(holders.map((file) => path.relative(root, file))).toEqual(['src/outbox/mail/door.ts'])
  expect(readFileSync(path.join(root, 'src/outbox/mail/door.ts'), 'utf8')).toContain('await passGate(entryOf')
})
