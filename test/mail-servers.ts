import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePorts, installMissing } from './debian.ts'

/** Postfix needs about 0.3 s and Dovecot 0.2 s here; a busy machine gets a hundred times that. */
const readyMsMax = 30_000
/** Masters end within 0.1 s of SIGTERM; after this they are killed. */
const stopMsMax = 5_000
const packages = ['postfix', 'dovecot-imapd', 'dovecot-lmtpd'] as const
const postfixMaster = '/usr/lib/postfix/sbin/master'
const dovecotMaster = '/usr/sbin/dovecot'
/**
 * Not 127.0.0.1: Dovecot calls a connection "secured" when both ends have the same address, and then takes a password
 * without TLS. Linux gives a client that goes to 127.0.0.2 the address 127.0.0.1.
 */
const imapHost = '127.0.0.2'

export type MailUser = { readonly address: string; readonly password: string }
export type MailServers = {
  /** Postfix: plain SMTP and STARTTLS on one port; AUTH PLAIN once encrypted. Relays from loopback without a password. */
  readonly submission: { readonly host: string; readonly port: number }
  /** Dovecot: IMAP with STARTTLS on `port`, IMAPS on `tlsPort`. A password is taken only over TLS. */
  readonly imap: { readonly host: string; readonly port: number; readonly tlsPort: number }
  /** PEM file of the authority that signed both servers' certificate (names localhost, 127.0.0.1 and 127.0.0.2). */
  readonly caFile: string
  readonly users: readonly MailUser[]
  readonly domains: readonly string[]
  /** An address Postfix takes and Dovecot then refuses: the sender gets a delivery status notification. */
  readonly bouncingAddress: string
  /** Every mail in the user's inbox, oldest first, as stored: CRLF line ends, with the trace headers the servers put on top. */
  readonly mailboxOf: (address: string) => Promise<Buffer[]>
  /** Waits until the inbox holds `count` mails or more, and answers all of them. Throws after `msMax`. */
  readonly waitForMail: (address: string, count: number, msMax?: number) => Promise<Buffer[]>
  /** Breaks every connection and refuses new ones; `start` brings the same servers back with the same mailboxes. */
  readonly suspend: () => Promise<void>
  readonly resume: () => Promise<void>
  /** What Postfix and Dovecot logged, for the message of a failing test. */
  readonly logs: () => string
  readonly stop: () => Promise<void>
}

export type MailServersOptions = { readonly users?: readonly MailUser[] }

const usersByDefault: readonly MailUser[] = [
  { address: 'desk@customer.example', password: 'desk-pass' },
  { address: 'owner@customer.example', password: 'owner-pass' },
  { address: 'soc@provider.example', password: 'soc-pass' },
  { address: 'tickets@other-provider.example', password: 'tickets-pass' },
]

type Places = {
  readonly root: string
  readonly smtpPort: number
  readonly imapPort: number
  readonly imapsPort: number
}

function idOf(user: string, kind: '-u' | '-g'): number {
  return Number(execFileSync('id', [kind, user], { encoding: 'utf8' }).trim())
}

function groupIdOf(group: string): number {
  const line = execFileSync('getent', ['group', group], { encoding: 'utf8' })
  return Number(line.split(':')[2])
}

function makeCertificates(folder: string): void {
  mkdirSync(folder, { recursive: true })
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '30', '-subj', '/CN=Test authority')
  openssl('req', ...key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost')
  writeFileSync(path.join(folder, 'names'), `subjectAltName=DNS:localhost,IP:127.0.0.1,IP:${imapHost}\n`)
  openssl(
    ...['x509', '-req', '-in', 'server.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
    ...['-out', 'server.pem', '-days', '30', '-extfile', 'names'],
  )
  // Read by the masters as root before they drop rights.
  chmodSync(path.join(folder, 'server.key'), 0o600)
}

function writePostfix(places: Places, users: readonly MailUser[], domains: readonly string[], bouncing: string): void {
  const folder = path.join(places.root, 'postfix')
  const etc = path.join(folder, 'etc')
  const queue = path.join(folder, 'queue')
  const data = path.join(folder, 'data')
  for (const one of [etc, queue, data]) mkdirSync(one, { recursive: true })
  const owner = idOf('postfix', '-u')
  const postdrop = groupIdOf('postdrop')
  chownSync(data, owner, idOf('postfix', '-g'))
  chmodSync(data, 0o700)
  const own = [
    'active',
    'bounce',
    'corrupt',
    'defer',
    'deferred',
    'flush',
    'hold',
    'incoming',
    'private',
    'saved',
    'trace',
  ]
  for (const name of own) {
    mkdirSync(path.join(queue, name), { mode: 0o700 })
    chownSync(path.join(queue, name), owner, 0)
  }
  mkdirSync(path.join(queue, 'pid'), { mode: 0o755 })
  for (const [name, mode] of [
    ['maildrop', 0o730],
    ['public', 0o710],
  ] as const) {
    mkdirSync(path.join(queue, name))
    chownSync(path.join(queue, name), owner, postdrop)
    chmodSync(path.join(queue, name), mode)
  }
  const tls = path.join(places.root, 'tls')
  writeFileSync(
    path.join(etc, 'recipients'),
    [...users.map((u) => u.address), bouncing].map((a) => `${a} ok\n`).join(''),
  )
  writeFileSync(
    path.join(etc, 'main.cf'),
    `compatibility_level = 3.6
queue_directory = ${queue}
data_directory = ${data}
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mail.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
virtual_mailbox_domains = ${domains.join(', ')}
virtual_mailbox_maps = texthash:${etc}/recipients
virtual_transport = lmtp:unix:${places.root}/lmtp
smtputf8_enable = yes
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_tls_cert_file = ${tls}/server.pem
smtpd_tls_key_file = ${tls}/server.key
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = ${places.root}/auth
smtpd_peername_lookup = no
maillog_file = ${folder}/log
maillog_file_prefixes = ${folder}
message_size_limit = 30000000
default_process_limit = 20
# Nothing goes anywhere but into our own mailboxes.
default_transport = error:this test server delivers to its own mailboxes only
relay_transport = error:this test server delivers to its own mailboxes only
`,
  )
  const inside = ['pickup unix n - n 60 1 pickup', 'cleanup unix n - n - 0 cleanup', 'qmgr unix n - n 300 1 qmgr']
  const more = [
    'rewrite:trivial-rewrite',
    'bounce:bounce:0',
    'defer:bounce:0',
    'trace:bounce:0',
    'verify:verify:1',
    'proxymap',
    'error',
  ]
  const lines = [
    `127.0.0.1:${places.smtpPort} inet n - n - - smtpd`,
    ...inside,
    ...more.map((entry) => {
      const [name = '', command = name, limit = '-'] = entry.split(':')
      return `${name} unix - - n - ${limit} ${command}`
    }),
    'tlsmgr unix - - n 1000? 1 tlsmgr',
    'flush unix n - n 1000? 0 flush',
    'retry unix - - n - - error',
    'discard unix - - n - - discard',
    'lmtp unix - - n - - lmtp',
    'anvil unix - - n - 1 anvil',
    'scache unix - - n - 1 scache',
    'postlog unix-dgram n - n - 1 postlogd',
  ]
  writeFileSync(path.join(etc, 'master.cf'), `${lines.join('\n')}\n`)
}

function writeDovecot(places: Places, users: readonly MailUser[]): void {
  const folder = path.join(places.root, 'dovecot')
  const mail = path.join(places.root, 'mail')
  mkdirSync(folder, { recursive: true })
  mkdirSync(mail, { recursive: true })
  const [uid, gid] = [idOf('nobody', '-u'), idOf('nobody', '-g')]
  chownSync(mail, uid, gid)
  const line = (u: MailUser) => `${u.address}:{PLAIN}${u.password}:${uid}:${gid}::${mail}/${u.address}::\n`
  writeFileSync(path.join(folder, 'users'), users.map(line).join(''))
  chmodSync(path.join(folder, 'users'), 0o644)
  const tls = path.join(places.root, 'tls')
  writeFileSync(
    path.join(folder, 'dovecot.conf'),
    `base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/log
protocols = imap lmtp
listen = ${imapHost}
ssl = required
ssl_cert = <${tls}/server.pem
ssl_key = <${tls}/server.key
disable_plaintext_auth = yes
auth_mechanisms = plain login
# A wrong password is answered at once, so that tests of it are quick.
auth_failure_delay = 0
passdb {
  driver = passwd-file
  args = username_format=%u ${folder}/users
}
userdb {
  driver = passwd-file
  args = username_format=%u ${folder}/users
}
mail_location = maildir:~/Maildir
# Mail is kept with the line ends it came with: signatures and digests are over those bytes.
mail_save_crlf = yes
first_valid_uid = 1
service imap-login {
  inet_listener imap {
    port = ${places.imapPort}
  }
  inet_listener imaps {
    port = ${places.imapsPort}
    ssl = yes
  }
}
service lmtp {
  unix_listener ${places.root}/lmtp {
    mode = 0666
  }
}
service auth {
  unix_listener ${places.root}/auth {
    mode = 0666
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
`,
  )
}

type Daemon = { readonly child: ChildProcess; readonly stop: () => Promise<void> }

/**
 * Runs a master in the foreground under a small shell that holds our end of a pipe: when this process dies in whatever
 * way (kill -9 included) the pipe closes and the shell ends the master by its pid. Nothing is left behind.
 */
function startDaemon(command: string, args: readonly string[]): Daemon {
  const script = '"$@" </dev/null & pid=$!; read -r _; kill -TERM $pid 2>/dev/null; wait $pid'
  // Without the NODE_* and test runner's variables: Postfix and Dovecot clean their environment themselves.
  const child = spawn('/bin/sh', ['-c', script, 'sh', command, ...args], { stdio: ['pipe', 'ignore', 'pipe'] })
  child.stderr?.on('data', () => undefined)
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.stdin?.end()
    const timer = setTimeout(() => child.kill('SIGKILL'), stopMsMax)
    await ended
    clearTimeout(timer)
  }
  return { child, stop }
}

function greets(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host)
    const done = (yes: boolean) => {
      socket.destroy()
      resolve(yes)
    }
    socket.once('data', () => done(true))
    socket.once('error', () => done(false))
    socket.setTimeout(2_000, () => done(false))
  })
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function startBoth(places: Places, logs: () => string): Promise<() => Promise<void>> {
  const dovecot = startDaemon(dovecotMaster, ['-F', '-c', path.join(places.root, 'dovecot', 'dovecot.conf')])
  const postfix = startDaemon(postfixMaster, ['-s', '-c', path.join(places.root, 'postfix', 'etc')])
  const stop = async () => {
    await Promise.all([postfix.stop(), dovecot.stop()])
  }
  const until = Date.now() + readyMsMax
  while (!((await greets('127.0.0.1', places.smtpPort)) && (await greets(imapHost, places.imapPort)))) {
    if (Date.now() > until) {
      await stop()
      throw new Error(`the mail servers did not start within ${readyMsMax} ms:\n${logs()}`)
    }
    await pause(50)
  }
  return stop
}

async function readMailbox(root: string, address: string): Promise<Buffer[]> {
  const maildir = path.join(root, 'mail', address, 'Maildir')
  const found: { name: string; bytes: Buffer }[] = []
  for (const folder of ['new', 'cur']) {
    const place = path.join(maildir, folder)
    if (!existsSync(place)) continue
    for (const name of readdirSync(place)) {
      // Dovecot may rename a file between the listing and the reading (new to cur); it is then found again on the next look.
      if (existsSync(path.join(place, name))) found.push({ name, bytes: readFileSync(path.join(place, name)) })
    }
  }
  // Maildir names begin with seconds.M<microseconds>: that is the order of delivery.
  const order = (name: string) => {
    const [, seconds = '0', micros = '0'] = /^(\d+)\.M(\d+)/.exec(name) ?? []
    return Number(seconds) * 1e6 + Number(micros)
  }
  return found.sort((a, b) => order(a.name) - order(b.name)).map((one) => one.bytes)
}

/**
 * Real Postfix and Dovecot from Debian on loopback: own configuration, queue and mailboxes in a temporary folder, free
 * ports, so that several test files can have one each at the same time. Needs root (Postfix's master does). Installs the
 * packages when they are missing and says so. Call `stop` at the end; they also end when this process dies.
 */
export async function startMailServers(options: MailServersOptions = {}): Promise<MailServers> {
  if (process.getuid?.() !== 0) throw new Error('Postfix starts as root only: run the tests as root, or in a container')
  installMissing(packages, [postfixMaster, dovecotMaster, '/usr/lib/dovecot/lmtp'])
  const root = mkdtempSync(path.join(tmpdir(), 'cf-mail-'))
  chmodSync(root, 0o755)
  const users = options.users ?? usersByDefault
  const bouncingAddress = 'bouncing@provider.example'
  const domains = [
    ...new Set([...users.map((u) => u.address), bouncingAddress].map((a) => a.slice(a.lastIndexOf('@') + 1))),
  ]
  const [smtpPort = 0, imapPort = 0, imapsPort = 0] = await freePorts(3)
  const places: Places = { root, smtpPort, imapPort, imapsPort }
  makeCertificates(path.join(root, 'tls'))
  writePostfix(places, users, domains, bouncingAddress)
  writeDovecot(places, users)
  const logs = () =>
    [path.join(root, 'postfix', 'log'), path.join(root, 'dovecot', 'log')]
      .map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : ''))
      .join('\n')
  let stopBoth: (() => Promise<void>) | null = await startBoth(places, logs)
  const suspend = async () => {
    await stopBoth?.()
    stopBoth = null
  }
  const mailboxOf = (address: string) => readMailbox(root, address)
  return {
    submission: { host: '127.0.0.1', port: smtpPort },
    imap: { host: imapHost, port: imapPort, tlsPort: imapsPort },
    caFile: path.join(root, 'tls', 'ca.pem'),
    users,
    domains,
    bouncingAddress,
    mailboxOf,
    waitForMail: async (address, count, msMax = 10_000) => {
      const until = Date.now() + msMax
      for (;;) {
        const mails = await mailboxOf(address)
        if (mails.length >= count) return mails
        if (Date.now() > until) throw new Error(`${address} has ${mails.length} of ${count} mails:\n${logs()}`)
        await pause(30)
      }
    },
    suspend,
    resume: async () => {
      stopBoth ??= await startBoth(places, logs)
    },
    logs,
    stop: async () => {
      await suspend()
      rmSync(root, { recursive: true, force: true })
    },
  }
}
