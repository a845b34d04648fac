import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Json } from '../src/kit/canonical-json.ts'
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
import type { SoftPasskey } from './soft-passkey.ts'

/** When everything in a forged export happened. */
export const forgedAt = new Date('2026-11-20T03:00:00.000Z')
export const person = '11111111-1111-4111-8111-111111111111'
export const other = '22222222-2222-4222-8222-222222222222'
export const origin = 'https://desk.example.com'
const script = path.resolve(import.meta.dirname, '../tools/verify-export.mjs')

export type Statement = Record<string, Json>

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

type Said = {
  readonly product: string
  readonly script: string
  readonly approvals: number
  readonly releases: number
}

/** A ledger of its own, to have exports of records judged that only whoever holds its key could have made. */
export async function forgery(): Promise<{
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
