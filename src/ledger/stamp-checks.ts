import { createHash, type X509Certificate } from 'node:crypto'
import { z } from 'zod'
import { openCheckpoint } from './checkpoint.ts'
import { type Hash, sameHash } from './merkle.ts'
import type { SignatureRecord } from './signature-checks.ts'
import type { VerifierKey } from './signed-note.ts'
import { checkStamp } from './timestamp.ts'

/** A time stamp of the ledger, as it stands in the body of its record. */
const LedgerStamp = z.object({
  /** The record that asked for it: the last of the tree that was stamped. */
  asked: z.uuid(),
  size: z.int(),
  /** The signed head, as it was stamped. */
  checkpoint: z.string(),
  /** DER, base64. */
  token: z.string(),
  at: z.iso.datetime(),
  authority: z.string(),
})

export type StampSeen = { readonly size: number; readonly at: string; readonly authority: string }

/** Checks the time stamps of an export as their records come by: each is over a head of this very ledger, by an authority that is trusted. */
export class StampChecks {
  readonly #trusted: readonly X509Certificate[] | null
  readonly #roots = new Map<string, { readonly size: number; readonly root: Hash | null }>()
  count = 0
  newest: StampSeen | null = null

  constructor(trusted: readonly X509Certificate[] | null) {
    this.#trusted = trusted
  }

  /** `root`: of the tree that ends in this record, where the export is complete. */
  take(
    record: SignatureRecord & { readonly id: string },
    index: number,
    head: { readonly key: VerifierKey; readonly root: (() => Hash) | null },
  ): readonly string[] {
    if (record.kind === 'ledger.stamp-asked')
      this.#roots.set(record.id, { size: index + 1, root: head.root?.() ?? null })
    return record.kind === 'ledger.stamped' ? this.#stamped(record, index, head) : []
  }

  #stamped(
    record: SignatureRecord,
    index: number,
    { key, root }: { readonly key: VerifierKey; readonly root: unknown },
  ): readonly string[] {
    this.count += 1
    const parsed = LedgerStamp.safeParse(record.body)
    if (!parsed.success) return ['the time stamp is malformed']
    const { asked, size, checkpoint, token, at, authority } = parsed.data
    const problems: string[] = []
    const opened = openCheckpoint(checkpoint, key)
    if (opened.kind === 'refused') problems.push(`the head that was stamped: ${opened.why}`)
    else if (opened.checkpoint.size !== size || size > index)
      problems.push('the time stamp is of another size of the ledger than it says')
    const then = this.#roots.get(asked)
    if (opened.kind === 'signed' && then !== undefined) {
      if (then.size !== size || (then.root !== null && !sameHash(then.root, opened.checkpoint.root)))
        problems.push('what was stamped is not the ledger as its records were then')
    }
    if (then === undefined && root !== null) problems.push('no record before it asked for this time stamp')
    const sha256 = createHash('sha256').update(checkpoint).digest()
    const read = checkStamp(Buffer.from(token, 'base64'), { sha256, trusted: this.#trusted })
    if (read.kind === 'refused') problems.push(`the time stamp does not hold: ${read.why}`)
    else if (read.at !== at || read.authority !== authority)
      problems.push('the record says another time or authority than its time stamp')
    if (problems.length === 0) this.newest = { size, at, authority }
    return problems
  }
}
