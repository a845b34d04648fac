import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { canonicalJson, type Json } from '../src/kit/canonical-json.ts'
import { sha256Hex } from '../src/kit/digest.ts'
import { ledgerRow } from '../src/ledger/append.ts'
import { signCheckpoint } from '../src/ledger/checkpoint.ts'
import { endText, exportFormat, writeLine } from '../src/ledger/export-format.ts'
import { loadOrCreateKey } from '../src/ledger/key.ts'
import { cutLines } from '../src/ledger/lines.ts'
import { Edge, leafHash } from '../src/ledger/merkle.ts'
import { signNote } from '../src/ledger/signed-note.ts'
import { verifyExport } from '../src/ledger/verify.ts'
import type { LedgerLine } from '../src/model/ledger.ts'
import { SoftPasskey, type Wrongly } from './soft-passkey.ts'

/** When everything in a forged export happened. */
export const forgedAt = new Date('2026-11-20T03:00:00.000Z')
export const person = '11111111-1111-4111-8111-111111111111'
export const other = '22222222-2222-4222-8222-222222222222'
const origin = 'https://desk.example.com'
const rpId = 'desk.example.com'
const script = path.resolve(import.meta.dirname, '../tools/verify-export.mjs')

type Statement = Record<string, Json>
type Body = Record<string, unknown>

/** How a record is forged: signed wrongly, over another statement, or changed afterwards, as whoever holds the ledger's key could. */
export type Bend = {
  readonly wrongly?: Wrongly
  readonly statement?: Statement
  readonly change?: (body: Body, line: { kind: string; subject: string; actor: string }) => void
}

/** A statement with what every statement has, signed; as a record keeps it. */
export function signed(passkey: SoftPasskey, statement: Statement, { wrongly, statement: bent }: Bend) {
  const { counter } = passkey
  const nonce = createHash('sha256').update(String(counter)).digest('base64url')
  const text = canonicalJson({ nonce, at: forgedAt.toISOString(), origin, rpId, ...statement, ...bent })
  const challenge = createHash('sha256').update(text).digest('base64url')
  const { response } = passkey.sign({ challenge, rpId }, origin, wrongly)
  return {
    ...{ statement: text, credential: passkey.id, counter, publicKey: passkey.publicKey.toString('base64url') },
    ...{ authenticatorData: response.authenticatorData, clientData: response.clientDataJSON },
    signature: response.signature,
  }
}

export const account = (user = person, role = 'approver'): LedgerLine => ({
  kind: 'user.created',
  actor: `user:${user}`,
  subject: `user:${user}`,
  body: { role },
})
export const registered = (passkey: SoftPasskey, user = person, publicKey = passkey.publicKey): LedgerLine => ({
  ...{ kind: 'user.changed', actor: `user:${user}`, subject: `user:${user}` },
  body: { passkey: passkey.id, publicKeySha256: sha256Hex(publicKey) },
})

/** Makes a record that a passkey signed. */
export type Make = (passkey: SoftPasskey, bend?: Bend) => LedgerLine

/** An account, its passkey, and one record that is bent. */
export function bentLines(make: Make, bend: Bend, role = 'approver'): LedgerLine[] {
  const passkey = new SoftPasskey()
  return [account(person, role), registered(passkey), make(passkey, bend)]
}

export type Forgery = readonly [name: string, says: RegExp, lines: () => LedgerLine[]]

/** What is wrong whatever was signed. `signatureIn` finds the signature in the body of a record. */
export function forgeriesOfAny(make: Make, signatureIn: (body: Body) => Body): Forgery[] {
  const bent = (bend: Bend) => () => bentLines(make, bend)
  const by = (lines: (passkey: SoftPasskey) => LedgerLine[]) => () => lines(new SoftPasskey())
  const otherKey = new SoftPasskey().publicKey
  const shut: LedgerLine = { ...account(), kind: 'user.changed', body: { disabled: true } }
  return [
    [
      'the key of somebody else under it',
      /not of this key/,
      bent({ change: (body) => void (signatureIn(body)['publicKey'] = otherKey.toString('base64url')) }),
    ],
    ['a key that was never registered', /no record before/, by((passkey) => [account(), make(passkey)])],
    [
      'another key than the one that was registered under this name',
      /not the one that was registered/,
      by((passkey) => [account(), registered(passkey, person, otherKey), make(passkey)]),
    ],
    [
      'a passkey of another person',
      /passkey is of another person/,
      by((passkey) => [account(), account(other), registered(passkey, other), make(passkey)]),
    ],
    [
      'a signature that is played again',
      /played again/,
      by((passkey) => {
        const once = make(passkey)
        return [account(), registered(passkey), once, once]
      }),
    ],
    [
      'a counter that stood still',
      /counter/,
      by((passkey) => [account(), registered(passkey), make(passkey), make(passkey, { wrongly: { counter: 1 } })]),
    ],
    [
      'a page that is not ours',
      /signed on https:\/\/desk\.example\.net/,
      bent({ wrongly: { origin: 'https://desk.example.net' } }),
    ],
    ['a passkey of another site', /not of desk\.example\.com/, bent({ wrongly: { rpId: 'example.net' } })],
    [
      'a person who was not verified',
      /person was not verified|did not verify the person/,
      bent({ wrongly: { unverified: true } }),
    ],
    ['a role that the person did not have then', /role was "?analyst/, () => bentLines(make, {}, 'analyst')],
    [
      'an account that was shut',
      /account was shut/,
      by((passkey) => [account(), registered(passkey), shut, make(passkey)]),
    ],
    [
      'a record under another name',
      /another person/,
      bent({ change: (_body, line) => void (line.actor = `user:${other}`) }),
    ],
  ]
}

/** Tests that what is right holds, and that each forgery is found, by the product and by the script that shares no code with it. */
export async function testForgeries(
  right: { readonly lines: LedgerLine[]; readonly approvals: number; readonly releases: number },
  forgeries: readonly Forgery[],
): Promise<void> {
  const { saidOf, stop } = await forgery()
  afterAll(stop)
  test('what was rightly signed holds for the product and for the script without our code', async () => {
    const { lines, ...counts } = right
    expect(await saidOf(lines)).toEqual({ product: '', script: '', ...counts })
  })
  test.each(forgeries)('%s is found, by the product and by the script', async (_name, says, lines) => {
    const said = await saidOf(lines())
    expect(said.product).toMatch(says)
    expect(said.script).toMatch(says)
  })
}

type Said = {
  readonly product: string
  readonly script: string
  readonly approvals: number
  readonly releases: number
}

/** A ledger of its own, to have exports of records judged that only whoever holds its key could have made. */
async function forgery(): Promise<{
  readonly saidOf: (lines: readonly LedgerLine[]) => Promise<Said>
  readonly stop: () => Promise<void>
}> {
  const folder = await mkdtemp(path.join(tmpdir(), 'counterfoil-proof-'))
  const key = loadOrCreateKey(folder)
  let files = 0
  /** A complete export of these records, rightly signed by the ledger's own key: only what is signed in it can be wrong. */
  const exportOf = (lines: readonly LedgerLine[]): string => {
    const leaves = lines.map((line) => ledgerRow(line, { now: () => forgedAt }).leaf)
    const edge = new Edge()
    for (const leaf of leaves) edge.add(leafHash(Buffer.from(leaf)))
    const { note } = signCheckpoint(edge.size, edge.root(), key)
    const { name, text } = key.verifier
    const head = { origin: name, key: text, checkpoint: note, scope: { kind: 'all' as const } }
    const file = [
      writeLine({ format: exportFormat, ...head, madeAt: forgedAt.toISOString() }),
      ...leaves.map((leaf, index) =>
        writeLine({ index, leaf, hash: Buffer.from(leafHash(Buffer.from(leaf))).toString('base64') }),
      ),
    ].join('')
    const end = { records: leaves.length, attachments: 0, sha256: sha256Hex(file) }
    return file + writeLine({ end, note: signNote(endText(name, end), key.verifier, key.privateKey) })
  }
  /** What the product and the script that shares no code with it say; each as text, '' when it holds. */
  const saidOf = async (lines: readonly LedgerLine[]): Promise<Said> => {
    const text = exportOf(lines)
    const chunks = (async function* () {
      yield Buffer.from(text)
    })()
    const verdict = await verifyExport(cutLines(chunks), { key: key.verifier })
    files += 1
    const file = path.join(folder, `${files}.jsonl`)
    await writeFile(file, text)
    const said = await new Promise<string>((resolve) => {
      execFile(process.execPath, [script, file, key.verifier.text], (error, out) => resolve(error === null ? '' : out))
    })
    const { problems, approvals, releases } = verdict
    return { product: problems.map(({ says }) => says).join('; '), script: said, approvals, releases }
  }
  return { saidOf, stop: () => rm(folder, { recursive: true, force: true }) }
}
