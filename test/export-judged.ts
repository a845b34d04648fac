import { execFile } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { cutLines } from '../src/ledger/lines.ts'
import { type Verdict, verifyExport } from '../src/ledger/verify.ts'
import type { Desk } from './desk.ts'

const script = path.resolve(import.meta.dirname, '../tools/verify-export.mjs')

/** All of a desk's ledger, as an export that is judged by the product and by the script that has none of its code; `script` is what that one says. */
export async function exportJudged({ running }: Desk): Promise<{ readonly product: Verdict; readonly script: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'counterfoil-judged-'))
  try {
    const file = path.join(folder, 'all.jsonl')
    await running.settleLedger()
    await running.work.exportLedger((text) => appendFile(file, text))
    const product = await verifyExport(cutLines(createReadStream(file)), { key: running.key.verifier })
    const said = await promisify(execFile)(process.execPath, [script, file, running.key.verifier.text])
    return { product, script: said.stdout }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
