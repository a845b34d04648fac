import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Gpg, startGpg } from '../../../test/gpg.ts'
import type { KeysToOpen } from '../../model/doors.ts'
import { protectMail } from '../../outbox/mail/compose.ts'
import { makeOpenSealed } from './open-sealed.ts'
import { readLetter } from './read-letter.ts'
import { openSealed } from './sealed-mail.ts'

const us = 'desk@customer.example'
const them = 'soc@provider.example'
const text = 'Ticket: NW-9\r\nRule: Odd sign-in\r\n'
const entity = Buffer.from(`Content-Type: text/plain; charset=utf-8\r\n\r\n${text}`)
const header = `From: Acme <${them}>\r\nTo: ${us}\r\nSubject: [NW-9] Odd sign-in\r\nMIME-Version: 1.0\r\n`
type Pair = ReturnType<Gpg['makeKey']>

let gpg: Gpg
let ours: Pair
let theirs: Pair
let stranger: Pair
const open = makeOpenSealed()
beforeAll(() => {
  gpg = startGpg()
  ours = gpg.makeKey(us)
  theirs = gpg.makeKey(them)
  stranger = gpg.makeKey('else@provider.example')
}, 120_000)
afterAll(async () => {
  gpg.close()
  await open.close()
})

const keysWith = (...publicTexts: readonly string[]): KeysToOpen => ({
  own: [{ method: 'openpgp', certificate: ours.publicText, privateKey: ours.privateText }],
  theirs: publicTexts.map((publicText) => ({ method: 'openpgp', providerId: 'acme', publicText })),
  // A key is valid from the second in which it was made.
  at: new Date(Date.now() + 2000).toISOString(),
})
const openWith = (mail: Uint8Array, keys = keysWith(theirs.publicText)) => open(mail, async () => keys)
const textIn = (bytes: Uint8Array | null) =>
  readLetter(bytes ?? new Uint8Array()).parts.find((part) => part.path !== 'subject')?.text

function signedMail(content = entity): Buffer {
  const { out } = gpg.run(['--armor', '--digest-algo', 'SHA256', '-u', them, '--detach-sign'], entity)
  const type =
    'Content-Type: multipart/signed; micalg=pgp-sha256; protocol="application/pgp-signature"; boundary="b1"\r\n\r\n--b1\r\n'
  const tail = `\r\n--b1\r\nContent-Type: application/pgp-signature\r\n\r\n${out.toString()}\r\n--b1--\r\n`
  return Buffer.concat([Buffer.from(header + type), content, Buffer.from(tail)])
}
function encryptedMail(to: string, ...sign: string[]): Buffer {
  const { out } = gpg.run(['--armor', ...sign, '-r', to, '--encrypt'], entity)
  const type = 'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary="b2"\r\n\r\n'
  const parts = `--b2\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--b2\r\nContent-Type: application/octet-stream\r\n\r\n${out.toString()}\r\n--b2--\r\n`
  return Buffer.from(header + type + parts)
}

describe('made by GnuPG', () => {
  test('a signature holds by the key that was put here, and what is read is what was signed', async () => {
    const { bytes, seen } = await openWith(signedMail())
    expect(seen).toMatchObject({ method: 'openpgp', signature: 'valid', encrypted: 'no', problem: null })
    expect(seen?.vouchers).toEqual([{ providerId: 'acme', by: 'pinned' }])
    expect(seen?.signer?.emails).toEqual([them])
    expect(textIn(bytes)?.trim()).toBe(text.trim().replaceAll('\r\n', '\n'))
  })

  test('an envelope to us opens, and the signature inside it is checked', async () => {
    const { bytes, seen } = await openWith(encryptedMail(us, '-u', them, '--sign'))
    expect(seen).toMatchObject({ method: 'openpgp', encrypted: 'opened', signature: 'valid' })
    expect(textIn(bytes)).toContain('NW-9')
    expect((await openWith(encryptedMail(us))).seen).toMatchObject({ encrypted: 'opened', signature: 'none' })
  })

  test('changed words, a key that nobody put here, and an envelope to somebody else are said for what they are', async () => {
    const changed = Buffer.from(entity.toString().replace('NW-9', 'NW-8'))
    expect(await openWith(signedMail(changed))).toMatchObject({ bytes: null, seen: { signature: 'broken' } })
    const unknown = await openWith(signedMail(), keysWith(stranger.publicText))
    expect(unknown.seen).toMatchObject({
      signature: 'unchecked',
      problem: expect.stringContaining('nobody has put here'),
    })
    expect((await openWith(encryptedMail(them))).seen).toMatchObject({ encrypted: 'not-to-us' })
  })
})

describe('judged by GnuPG', () => {
  const letter = {
    ...{
      to: [them],
      subject: 'Re: [NW-9]',
      text: 'Größe: expected, CHG-7. \n\nFrom us.',
      files: [],
      messageId: 'r1@customer.example',
    },
    ...{ inReplyTo: null, references: [] },
  }
  const seal = (encryptTo: readonly string[]) => {
    const sign = { certificates: ours.publicText, privateKey: ours.privateText }
    return protectMail({ ...letter, date: new Date(Date.now() + 2000) }, us, null, {
      method: 'openpgp',
      sign,
      encryptTo,
    })
  }

  test('what we encrypt opens with the key it is for, carries a good signature of ours, and reads here as it does there', async () => {
    const { bytes, clear } = await seal([theirs.publicText])
    const armor =
      /-----BEGIN PGP MESSAGE-----[\s\S]*-----END PGP MESSAGE-----/.exec(bytes.toString('latin1'))?.[0] ?? ''
    const { out, says } = gpg.run(
      ['--faked-system-time', `${Math.floor(Date.now() / 1000) + 5}`, '--decrypt'],
      Buffer.from(armor),
    )
    expect(says).toContain('GOODSIG')
    expect(clear.toString('latin1').endsWith(out.subarray(out.indexOf('\r\n\r\n')).toString('latin1'))).toBe(true)
    expect(out.toString()).toContain('CHG-7')
    expect(bytes.toString('latin1')).not.toContain('CHG-7')
  })

  test('what we sign holds over exactly the first part, and a changed word does not', async () => {
    const { bytes } = await seal([])
    const mail = bytes.toString('latin1')
    const boundary = /boundary="([^"]+)"/.exec(mail)?.[1] ?? ''
    const [, first, second] = mail.split(`--${boundary}\r\n`)
    writeFileSync(path.join(gpg.folder, 'sig'), second?.split(`--${boundary}--`)[0] ?? '')
    const judge = (content: string) =>
      gpg.run(
        ['--faked-system-time', `${Math.floor(Date.now() / 1000) + 5}`, '--verify', path.join(gpg.folder, 'sig'), '-'],
        Buffer.from(content, 'latin1'),
      )
    const content = (first ?? '').replace(/\r\n$/, '')
    expect(judge(content)).toMatchObject({ ok: true, says: expect.stringContaining('GOODSIG') })
    expect(judge(content.replace('CHG-7', 'CHG-8'))).toMatchObject({ ok: false })
  })
})

test('whatever bytes come, the reader answers, and what it calls validly signed is what was signed', async () => {
  const seeds = [signedMail(), encryptedMail(us, '-u', them, '--sign')]
  const keys = keysWith(theirs.publicText)
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 5 }),
      async (seed, edits) => {
        const bytes = Buffer.from(seed)
        for (const [place, value] of edits) bytes[place % bytes.length] = value
        const { bytes: inside, seen } = await openSealed(bytes, keys)
        if (seen?.signature === 'valid') expect(textIn(inside)?.trim()).toBe(text.trim().replaceAll('\r\n', '\n'))
      },
    ),
    { numRuns: 150 },
  )
}, 120_000)

test('without the library that is said, and nothing falls over', () => {
  const hide = `import { registerHooks } from 'node:module'
    registerHooks({ resolve: (name, context, next) => {
      if (name === 'openpgp') throw Object.assign(new Error('no openpgp'), { code: 'ERR_MODULE_NOT_FOUND' })
      return next(name, context)
    } })`
  const script = `${hide}
    const { openSealed } = await import(${JSON.stringify(new URL('./sealed-mail.ts', import.meta.url).href)})
    const mail = Buffer.from(process.argv[1], 'base64')
    const { seen, bytes } = await openSealed(mail, { own: [], theirs: [], at: new Date().toISOString() })
    console.log(JSON.stringify({ signature: seen.signature, problem: seen.problem, bytes }))`
  const args = ['--input-type=module', '--eval', script, signedMail().toString('base64')]
  const said = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Record<string, unknown>
  expect(said).toEqual({
    signature: 'unchecked',
    problem: expect.stringContaining('OpenPGP is not installed here'),
    bytes: null,
  })
})
