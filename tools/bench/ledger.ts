import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { finished } from 'node:stream/promises'
import { ledgerRow } from '../../src/ledger/append.ts'
import { signCheckpoint } from '../../src/ledger/checkpoint.ts'
import { endText, exportFormat, writeLine } from '../../src/ledger/export-format.ts'
import { type LedgerKey, loadOrCreateKey } from '../../src/ledger/key.ts'
import { cutLines } from '../../src/ledger/lines.ts'
import { Edge, leafHash } from '../../src/ledger/merkle.ts'
import { signNote } from '../../src/ledger/signed-note.ts'
import { verifyExport } from '../../src/ledger/verify.ts'
import type { LedgerLine } from '../../src/model/ledger.ts'
import type { BenchResult } from './result.ts'

const records = Number(process.env['BENCH_RECORDS'] ?? 1_000_000)
const linesAtOnce = 1000

/** A complete export of a million records, as the product writes and signs it, verified from the file alone. */
export async function bench(): Promise<BenchResult[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'counterfoil-bench-ledger-'))
  try {
    const key = loadOrCreateKey(folder)
    const file = path.join(folder, 'ledger.jsonl')
    const sizeBytes = await writeExport(file, key)
    const cpuBefore = process.cpuUsage()
    const began = performance.now()
    const verdict = await verifyExport(cutLines(createReadStream(file, { highWaterMark: 1024 * 1024 })), {
      key: key.verifier,
    })
    const seconds = (performance.now() - began) / 1000
    const cpu = process.cpuUsage(cpuBefore)
    const cpuSeconds = (cpu.user + cpu.system) / 1_000_000
    const holds = verdict.ok && verdict.complete && verdict.records === records
    const note = `${Math.round(sizeBytes / 2 ** 20)} MiB; ${cpuSeconds.toFixed(1)} s of processor; ${holds ? 'it holds' : 'it does not hold'}`
    return [
      {
        name: `ledger: ${records} records verified offline`,
        value: seconds,
        unit: 's',
        goal: '<= 60',
        ok: holds && seconds <= 60,
        note,
      },
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What an alert leaves behind, in its usual order: bodies as the product writes them, ids and digests made up. */
function lineOf(n: number): LedgerLine {
  const alert = createHash('sha256')
    .update(`alert ${Math.floor(n / 8)}`)
    .digest('hex')
  const id = `${alert.slice(0, 8)}-${alert.slice(8, 12)}-4${alert.slice(13, 16)}-8${alert.slice(17, 20)}-${alert.slice(20, 32)}`
  const about = { subject: `alert:${id}`, actor: 'playbook:triage' }
  switch (n % 8) {
    case 0:
      return {
        kind: 'message.received',
        actor: 'provider:northwatch',
        subject: `message:${alert}`,
        body: { sha256: alert, sizeBytes: 3000 + (n % 977), channel: 'smtp', origin: 'mx.example.com' },
      }
    case 1:
      return {
        kind: 'alert.opened',
        ...about,
        body: {
          messageId: alert,
          number: n,
          provider: 'northwatch',
          rule: 'Beaconing',
          severity: 'high',
          kind: 'alert',
        },
      }
    case 6:
      return {
        kind: 'decision.made',
        ...about,
        actor: `user:${id}`,
        body: {
          decisionId: id,
          outcome: 'false-alarm-benign',
          reason: 'A planned test of our own, as in the change calendar.',
          cites: [id],
          withoutEvidence: false,
        },
      }
    case 7:
      return { kind: 'run.ended', ...about, body: { alertId: id, state: 'done', error: '' } }
    default:
      return {
        kind: 'finding.recorded',
        ...about,
        body: {
          findingId: id,
          runId: id,
          question: 'sessions-between-addresses',
          connector: 'log-lake',
          kind: 'found',
          askSha256: alert,
        },
      }
  }
}

/** The same lines, root, proofs and signatures that `audit export` writes; a database is not measured here. */
async function writeExport(file: string, key: LedgerKey): Promise<number> {
  const clock = { now: () => new Date('2026-11-20T00:00:00.000Z') }
  const edge = new Edge()
  const leafOf = (n: number): string => ledgerRow(lineOf(n), clock).leaf
  const out = createWriteStream(file)
  const digest = createHash('sha256')
  let sizeBytes = 0
  const put = async (text: string): Promise<void> => {
    digest.update(text)
    sizeBytes += Buffer.byteLength(text)
    if (!out.write(text)) await new Promise<void>((resolve) => void out.once('drain', resolve))
  }
  const body = path.join(path.dirname(file), 'body')
  const lines = createWriteStream(body)
  for (let n = 0; n < records; n += linesAtOnce) {
    const page = Array.from({ length: Math.min(linesAtOnce, records - n) }, (_, at) => {
      const leaf = leafOf(n + at)
      const hash = leafHash(Buffer.from(leaf))
      edge.add(hash)
      return writeLine({ index: n + at, leaf, hash: Buffer.from(hash).toString('base64') })
    })
    if (!lines.write(page.join(''))) await new Promise<void>((resolve) => void lines.once('drain', resolve))
  }
  lines.end()
  await finished(lines)
  const { note } = signCheckpoint(edge.size, edge.root(), key)
  const { name, text } = key.verifier
  await put(
    writeLine({
      format: exportFormat,
      origin: name,
      key: text,
      checkpoint: note,
      scope: { kind: 'all' },
      madeAt: clock.now().toISOString(),
    }),
  )
  for await (const chunk of createReadStream(body, { encoding: 'utf8', highWaterMark: 1024 * 1024 }))
    await put(chunk as string)
  const end = { records, attachments: 0, sha256: digest.digest('hex') }
  out.end(writeLine({ end, note: signNote(endText(name, end), key.verifier, key.privateKey) }))
  await finished(out)
  return sizeBytes
}
