import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Fault, type FaultyMailServer, startFaultyMailServer } from '../../../test/faulty-mail-server.ts'
import { type MailServers, startMailServers } from '../../../test/mail-servers.ts'
import { MailOut } from '../../config/config.ts'
import { sha256Hex } from '../../kit/digest.ts'
import type { Leaving } from '../../model/doors.ts'
import { type Egress, EgressState } from '../../model/egress.ts'
import { composeMail } from './compose.ts'
import { makeMailDoor } from './door.ts'
import { makeSend } from './send.ts'

let servers: MailServers
let faulty: FaultyMailServer
beforeAll(async () => {
  ;[servers, faulty] = await Promise.all([startMailServers(), startFaultyMailServer()])
})
afterAll(async () => {
  await Promise.all([servers.stop(), faulty.stop()])
})

const from = 'Security desk <desk@customer.example>'
const date = new Date('2026-11-20T14:02:33Z')
const letter = (id: string, to = ['soc@provider.example']) => ({
  to,
  subject: 'Re: [INC-1] x',
  text: 'one\n.\n..two\n',
  files: [{ name: 'counterfoil.json', type: 'application/json', content: Buffer.from('{}') }],
  messageId: `${id}@customer.example`,
  inReplyTo: null,
  references: [],
  date,
})
const outFor = (changes: Record<string, unknown> = {}) =>
  MailOut.parse({
    host: servers.submission.host,
    port: servers.submission.port,
    caFile: servers.caFile,
    from,
    ...changes,
  })
const quick = { connectMs: 500, silenceMs: 500, totalMs: 3_000 }

describe('through a real server', () => {
  test('the mail arrives over STARTTLS with its bytes untouched, and the receipt is what the server said', async () => {
    const bytes = await composeMail(letter('a'), from, null)
    const result = await makeSend(outFor())({ bytes, from: 'desk@customer.example', to: ['soc@provider.example'] })
    expect(result).toMatchObject({ kind: 'accepted', receipt: expect.stringMatching(/^250 2\.0\.0 Ok: queued as/) })
    const [mail] = await servers.waitForMail('soc@provider.example', 1)
    expect(mail?.subarray(mail.length - bytes.length).equals(bytes)).toBe(true)
  })

  test('with a password over TLS; a wrong one is refused for now, not for good', async () => {
    const bytes = await composeMail(letter('b'), from, null)
    const mail = { bytes, from: 'desk@customer.example', to: ['tickets@other-provider.example'] }
    expect(await makeSend(outFor({ user: 'desk@customer.example', password: 'desk-pass' }))(mail)).toMatchObject({
      kind: 'accepted',
    })
    expect(await makeSend(outFor({ user: 'desk@customer.example', password: 'wrong' }))(mail)).toMatchObject({
      kind: 'refused',
      permanent: false,
    })
    expect(await servers.waitForMail('tickets@other-provider.example', 1)).toHaveLength(1)
  })

  test('an unknown recipient is refused for good; a certificate nobody vouches for, and a name that is not on it, for now', async () => {
    const mail = {
      bytes: await composeMail(letter('c'), from, null),
      from: 'desk@customer.example',
      to: ['nobody@provider.example'],
    }
    expect(await makeSend(outFor())(mail)).toMatchObject({
      kind: 'refused',
      permanent: true,
      why: expect.stringContaining('550'),
    })
    expect(await makeSend(outFor({ caFile: undefined }))(mail)).toMatchObject({ kind: 'refused', permanent: false })
  })

  test('a file that is not there is trouble that names it', () => {
    expect(() => makeSend(outFor({ caFile: '/nowhere/ca.pem' }))).toThrow(/file.unreadable/)
    const dkim = { domain: 'customer.example', selector: 's', keyFile: '/nowhere/key.pem' }
    expect(() => makeMailDoor(outFor({ dkim }), { ownDomains: [], people: {} }, async () => null)).toThrow(
      /file.unreadable/,
    )
  })

  test('a password is never given to a server without TLS', () => {
    expect(() => makeSend(outFor({ host: 'mail.example', tls: 'none', user: 'u', password: 'p' }))).toThrow(
      /input.invalid/,
    )
  })
})

const plain = () => makeSend(outFor({ port: faulty.port, tls: 'none', caFile: undefined }), quick)

const unknown = { kind: 'unknown' }
const later = { kind: 'refused', permanent: false }
const never = { kind: 'refused', permanent: true }
// biome-ignore format: a table reads better in few lines
const faults: readonly (readonly [string, Fault, object, 0 | 1])[] = [
  ['nothing wrong', { at: 'none' }, { kind: 'accepted', receipt: '250 2.0.0 Ok: queued as FAULTY1' }, 1],
  ['554 as greeting', { at: 'connect', say: '554 no service here' }, later, 0],
  ['421 as greeting', { at: 'connect', say: '421 too busy' }, later, 0],
  ['broken off at once', { at: 'connect', drop: true }, later, 0],
  ['never greets', { at: 'connect', hang: true }, later, 0],
  ['sender put off', { at: 'MAIL', say: '451 later' }, later, 0],
  ['sender refused', { at: 'MAIL', say: '550 not you' }, never, 0],
  ['recipient put off', { at: 'RCPT', say: '450 greylisted' }, later, 0],
  ['recipient refused', { at: 'RCPT', say: '550 no such user' }, never, 0],
  ['broken off at RCPT', { at: 'RCPT', drop: true }, later, 0],
  ['DATA refused', { at: 'DATA', say: '554 no' }, never, 0],
  ['broken off at DATA', { at: 'DATA', drop: true }, later, 0],
  ['silent at DATA', { at: 'DATA', hang: true }, later, 0],
  ['put off after the dot', { at: 'dot', say: '451 try again' }, later, 1],
  ['refused after the dot', { at: 'dot', say: '554 spam' }, never, 1],
  ['broken off after the dot', { at: 'dot', drop: true }, unknown, 1],
  ['silent after the dot', { at: 'dot', hang: true }, unknown, 1],
  ['half an answer after the dot', { at: 'dot', drop: true, after: '25' }, unknown, 1],
  ['an answer without its line end', { at: 'dot', drop: true, after: '250 2.0.0 Ok: que' }, unknown, 1],
  ['a half refusal', { at: 'dot', drop: true, after: '5' }, unknown, 1],
  ['nonsense after the dot', { at: 'dot', say: 'hello there' }, unknown, 1],
  ['the answer, and then broken off', { at: 'dot', drop: true, after: '250 2.0.0 Ok: queued as X\r\n' }, { kind: 'accepted' }, 1],
]

describe('what is known after each way to fail', () => {
  for (const [what, fault, result, arrived] of faults) {
    test(what, async () => {
      faulty.setFault(fault)
      const [before, connectionsBefore] = [faulty.arrived.length, faulty.connections()]
      const bytes = await composeMail(letter('f'), from, null)
      expect(await plain()({ bytes, from: 'desk@customer.example', to: ['soc@provider.example'] })).toMatchObject(
        result,
      )
      expect(faulty.arrived.length - before).toBe(arrived)
      // One try is one connection: nothing sends a second time by itself.
      await new Promise((resolve) => setTimeout(resolve, 50))
      expect(faulty.connections() - connectionsBefore).toBe(1)
    })
  }

  test('broken off in the middle of a large mail: it is never said to be taken', async () => {
    faulty.setFault({ at: 'half', drop: true })
    const bytes = await composeMail({ ...letter('g'), text: 'a line of text\n'.repeat(2_000_000) }, from, null)
    const result = await plain()({ bytes, from: 'desk@customer.example', to: ['soc@provider.example'] })
    // The whole mail is one piece to us; what the kernel had taken of it cannot be known, and nobody claims to.
    expect(['unknown', 'refused']).toContain(result.kind)
    expect(faulty.arrived.at(-1)?.includes('g@customer.example') ?? false).toBe(false)
  })

  test('nobody listens', async () => {
    const closed = makeSend(outFor({ port: 9, tls: 'none', caFile: undefined }), quick)
    const bytes = await composeMail(letter('h'), from, null)
    expect(await closed({ bytes, from: 'desk@customer.example', to: ['soc@provider.example'] })).toMatchObject(later)
  })

  test('a server that offers no STARTTLS gets nothing', async () => {
    faulty.setFault({ at: 'none' })
    const before = faulty.arrived.length
    const strict = makeSend(outFor({ port: faulty.port, caFile: undefined }), quick)
    const bytes = await composeMail(letter('i'), from, null)
    expect(await strict({ bytes, from: 'desk@customer.example', to: ['soc@provider.example'] })).toMatchObject(later)
    expect(faulty.arrived.length).toBe(before)
  })
})

describe('the one way out', () => {
  const own = { ownDomains: ['customer.example'], people: { lead: ['lead@partner.example'] } }
  const entryId = '0190a5f0-0000-7000-8000-0000000000e1'
  const entries = new Map<string, Egress>()
  const leaving = async (changes: Partial<Egress> = {}, to = ['soc@provider.example']) => {
    const bytes = await composeMail(letter('j', to), from, null)
    entries.set(entryId, {
      ...{
        id: entryId,
        kind: 'reply',
        of: 'reply:1',
        providerId: 'acme',
        channel: 'mail',
        recipients: to,
        subject: 'Re: [INC-1] x',
      },
      ...{
        messageId: 'j@customer.example',
        sha256: sha256Hex(bytes),
        sizeBytes: bytes.byteLength,
        releasedBy: 'user:1',
      },
      ...{
        releasedAt: date.toISOString(),
        rule: 'reviewed',
        holdUntil: date.toISOString(),
        state: 'leaving',
        leftAt: null,
        receipt: null,
        clearSha256: null,
        protection: null,
      },
      ...changes,
    })
    return { kind: 'released', bytes, entryId, messageId: 'j@customer.example', to } satisfies Leaving
  }
  const notice = async (to: string[]): Promise<Leaving> => {
    const bytes = await composeMail(letter('j', to), from, null)
    return { kind: 'notice', bytes, digest: sha256Hex(bytes), messageId: 'j@customer.example', to }
  }
  const door = () =>
    makeMailDoor(
      outFor({ port: faulty.port, tls: 'none', caFile: undefined, copyTo: 'copies@customer.example' }),
      own,
      async (id) => entries.get(id) ?? null,
      quick,
    )

  test('lets through what was released, byte for byte', async () => {
    faulty.setFault({ at: 'none' })
    const out = await leaving()
    expect(await door().leave(out)).toMatchObject({ kind: 'accepted' })
    expect(faulty.arrived.at(-1)?.toString().replaceAll('\r\n..', '\r\n.')).toBe(Buffer.from(out.bytes).toString())
  })

  test('stops other bytes, other recipients, what nobody released or is not leaving now, and a notice to a stranger', async () => {
    const before = faulty.connections()
    const out = await leaving()
    const touched = Buffer.from(out.bytes)
    touched[touched.length - 3] = 0x41
    const bad: Leaving[] = [
      { ...out, bytes: touched },
      { ...out, to: ['other@provider.example'] },
      { ...out, to: [...out.to, 'other@provider.example'] },
      { ...out, entryId: '0190a5f0-0000-7000-8000-0000000000e2' },
      { ...out, messageId: 'other@customer.example' },
      await notice(['soc@provider.example']),
    ]
    for (const one of bad) await expect(door().leave(one)).rejects.toThrow(/internal/)
    const odd: Partial<Egress>[] = [
      { releasedBy: 'playbook:x' },
      { releasedBy: 'system' },
      { rule: '' },
      { sizeBytes: 1 },
      ...EgressState.exclude(['leaving']).options.map((state) => ({ state })),
    ]
    for (const change of odd) await expect(door().leave(await leaving(change))).rejects.toThrow(/internal/)
    expect(faulty.connections()).toBe(before)
  })

  test('takes notices to our own domains and to the people that were named', async () => {
    for (const to of ['owner@customer.example', 'a@sub.customer.example', 'lead@partner.example']) {
      expect(await door().leave(await notice([to])), to).toMatchObject({ kind: 'accepted' })
    }
    await expect(door().leave(await notice(['x@notcustomer.example']))).rejects.toThrow(/internal/)
  })
})
