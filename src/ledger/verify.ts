import { createHash, type X509Certificate } from 'node:crypto'
import { z } from 'zod'
import { canonicalJson, type Json } from '../kit/canonical-json.ts'
import { sha256Hex } from '../kit/digest.ts'
import { wordsOf } from '../kit/errors.ts'
import { type Checkpoint, openCheckpoint } from './checkpoint.ts'
import { AttachmentLine, EndLine, endText, HeaderLine, RecordLine } from './export-format.ts'
import { type CutLine, lineAt } from './lines.ts'
import { Edge, leafHash, sameHash } from './merkle.ts'
import { verifyInclusion } from './proof.ts'
import { SignatureChecks } from './signature-checks.ts'
import { openNote, readVerifierKey, type VerifierKey } from './signed-note.ts'
import { StampChecks, type StampSeen } from './stamp-checks.ts'

/** Problems that are listed; past this number they are only counted. */
export const problemsMax = 100

/** Something that does not hold. `record` is its index in the ledger, `line` its line in the file (from 1). */
export type Problem = { readonly line: number; readonly record: number | null; readonly says: string }

export type Verdict = {
  readonly ok: boolean
  readonly origin: string | null
  /** The key the file was checked against, and whether the caller gave it or the file itself did. */
  readonly key: string | null
  readonly keyFrom: 'you' | 'file'
  readonly scope: z.infer<typeof HeaderLine>['scope'] | null
  /** True: every record up to the signed size is in the file. */
  readonly complete: boolean
  readonly size: number | null
  readonly records: number
  readonly attachments: number
  /** Signed approvals whose signatures were checked, with who signed and what. */
  readonly approvals: number
  /** Releases of answers that were signed with a passkey, likewise. */
  readonly releases: number
  /** Time stamps of the ledger: how many, the newest that holds, and whether their authority was checked against certificates you gave. */
  readonly stamps: {
    readonly count: number
    readonly newest: StampSeen | null
    readonly trust: 'checked' | 'not-checked'
  }
  readonly problems: readonly Problem[]
  readonly problemCount: number
}

export type VerifyOptions = {
  /** The ledger's verifier key, got some other way than with the file. Without it the file vouches for itself. */
  readonly key?: VerifierKey
  /** A checkpoint kept from before: a complete export must begin with exactly that tree. */
  readonly older?: string
  /** Certificates of the time-stamping authority, got some other way than with the file. */
  readonly authority?: readonly X509Certificate[]
  readonly onProgress?: (lines: number) => void
}

/** The shape of a leaf. Kinds are left open, so that the exports of later versions can be read. */
const Leaf = z.strictObject({
  id: z.uuid(),
  at: z.iso.datetime(),
  kind: z.string(),
  actor: z.string(),
  subject: z.string(),
  body: z.record(z.string(), z.unknown()),
})

/** Checks an export with nothing but the file: leaves, proofs, root, signatures, attached bytes. Memory stays flat. */
export async function verifyExport(lines: AsyncIterable<CutLine>, options: VerifyOptions = {}): Promise<Verdict> {
  const verification = new Verification(options)
  for await (const line of lines) verification.take(line)
  return verification.verdict()
}

class Verification {
  readonly #options: VerifyOptions
  readonly #problems: Problem[] = []
  #problemCount = 0
  readonly #digest = createHash('sha256')
  readonly #edge = new Edge()
  #line = 0
  #header: HeaderLine | undefined
  #key: VerifierKey | null = null
  #older: Checkpoint | null = null
  #signatures = new SignatureChecks(false)
  readonly #stamps: StampChecks
  #head: Checkpoint | null = null
  #end: EndLine | undefined
  #records = 0
  #attachments = 0
  #last = -1
  #lastLeaf = ''

  constructor(options: VerifyOptions) {
    this.#options = options
    this.#stamps = new StampChecks(options.authority ?? null)
  }

  take(line: CutLine): void {
    this.#line++
    if (this.#line % 1000 === 0) this.#options.onProgress?.(this.#line)
    if (this.#end !== undefined) return this.#wrong('something stands behind the last line')
    const value = this.#parse(line)
    if (this.#line === 1) return this.#takeHeader(value, line)
    const kind = kindOf(value)
    if (kind !== 'end') this.#digest.update(line.bytes).update(line.ended ? '\n' : '')
    switch (kind) {
      case 'record':
        return this.#takeRecord(value)
      case 'attachment':
        return this.#takeAttachment(value)
      case 'end':
        return this.#takeEnd(value)
      case 'nothing':
        return undefined
    }
  }

  /** The value of a line; undefined, with the problem noted, when it is not written as the format asks. */
  #parse(line: CutLine): Json | undefined {
    if (line.tooLong) return this.#wrong('the line is longer than any we write')
    if (!line.ended) this.#wrong('the line has no end')
    try {
      const text = lineAt(line)
      const value = JSON.parse(text) as Json
      if (canonicalJson(value) === text) return value
      this.#wrong('the line is not canonical JSON: it was changed')
    } catch (error) {
      this.#wrong(`the line cannot be read: ${wordsOf(error)}`)
    }
    return undefined
  }

  #takeHeader(value: Json | undefined, line: CutLine): void {
    this.#digest.update(line.bytes).update('\n')
    const header = HeaderLine.safeParse(value)
    if (!header.success) return this.#wrong('the file does not begin like an export of this format')
    this.#header = header.data
    this.#signatures = new SignatureChecks(header.data.scope.kind === 'all')
    const own = readVerifierKey(header.data.key)
    this.#key = this.#options.key ?? own
    if (own === null) this.#wrong('the key named in the file is malformed')
    if (this.#key === null) return
    if (this.#key.text !== header.data.key)
      this.#wrong(`the file names the key ${header.data.key}, not the one you gave`)
    if (this.#key.name !== header.data.origin)
      this.#wrong(`the file is of the ledger "${header.data.origin}", the key is of "${this.#key.name}"`)
    const head = openCheckpoint(header.data.checkpoint, this.#key)
    if (head.kind === 'refused') this.#wrong(`the checkpoint: ${head.why}`)
    else this.#head = head.checkpoint
    if (this.#options.older !== undefined) this.#takeOlder(this.#options.older, this.#key)
  }

  #takeOlder(note: string, key: VerifierKey): void {
    const opened = openCheckpoint(note, key)
    if (opened.kind === 'refused') return this.#wrong(`the checkpoint you kept: ${opened.why}`)
    this.#older = opened.checkpoint
    if (this.#header?.scope.kind !== 'all')
      return this.#wrong('only a complete export can be compared with a checkpoint you kept')
    if (this.#head && this.#older.size > this.#head.size)
      this.#wrong(`you kept a checkpoint of ${this.#older.size} records, the file is of ${this.#head.size}`)
    if (this.#older.size === 0) this.#older = null
  }

  #takeRecord(value: Json | undefined): void {
    this.#records++
    const parsed = RecordLine.safeParse(value)
    if (!parsed.success) return this.#wrong('the record is malformed')
    const { index, leaf, hash, proof } = parsed.data
    const wrong = (says: string): void => this.#wrong(says, index)
    this.#lastLeaf = leaf
    this.#inOrder(index, wrong)
    const record = this.#readLeaf(leaf, wrong)
    const own = leafHash(Buffer.from(leaf))
    if (!sameHash(own, Buffer.from(hash, 'base64'))) wrong('the text of the record does not give its hash')
    if (this.#header?.scope.kind === 'all') {
      if (proof !== undefined) wrong('a complete export has no proofs')
      this.#grow(own)
    } else if (this.#head !== null) {
      const hashes = proof?.map((step) => new Uint8Array(Buffer.from(step, 'base64'))) ?? []
      if (!verifyInclusion({ index, size: this.#head.size, leaf: own, root: this.#head.root, proof: hashes })) {
        wrong('its proof does not lead to the signed root')
      }
    }
    if (record === null || this.#key === null) return
    const root = this.#header?.scope.kind === 'all' ? () => this.#edge.root() : null
    for (const problem of this.#stamps.take(record, index, { key: this.#key, root })) wrong(problem)
  }

  #inOrder(index: number, wrong: (says: string) => void): void {
    if (index <= this.#last) wrong(`it stands behind record ${this.#last}: out of order or twice`)
    else if (this.#header?.scope.kind === 'all' && index !== this.#last + 1)
      wrong(`records ${this.#last + 1} to ${index - 1} are missing before it`)
    this.#last = Math.max(this.#last, index)
  }

  #readLeaf(leaf: string, wrong: (says: string) => void): z.infer<typeof Leaf> | null {
    try {
      const value = JSON.parse(leaf) as Json
      const record = Leaf.safeParse(value)
      if (!record.success || canonicalJson(value) !== leaf) {
        wrong('its text is not a record in canonical JSON')
        return null
      }
      for (const problem of this.#signatures.take(record.data)) wrong(problem)
      const scope = this.#header?.scope
      if (scope?.kind !== 'period') return record.data
      const at = Date.parse(record.data.at)
      if ((scope.from && at < Date.parse(scope.from)) || (scope.to && at >= Date.parse(scope.to)))
        wrong('it is not of the period asked for')
      return record.data
    } catch (error) {
      wrong(`its text cannot be read: ${wordsOf(error)}`)
      return null
    }
  }

  #grow(leaf: Uint8Array): void {
    this.#edge.add(leaf)
    if (this.#older?.size !== this.#edge.size) return
    if (!sameHash(this.#edge.root(), this.#older.root))
      this.#wrong(`the first ${this.#older.size} records are not those of the checkpoint you kept`)
  }

  #takeAttachment(value: Json | undefined): void {
    this.#attachments++
    const parsed = AttachmentLine.safeParse(value)
    const record = this.#last < 0 ? null : this.#last
    if (!parsed.success) return this.#wrong('the attachment is malformed', record)
    const bytes = Buffer.from(parsed.data.bytes, 'base64')
    if (bytes.toString('base64') !== parsed.data.bytes) this.#wrong('the attached bytes are not base64', record)
    if (sha256Hex(bytes) !== parsed.data.sha256) this.#wrong('the attached bytes do not give their digest', record)
    if (!this.#lastLeaf.includes(parsed.data.sha256))
      this.#wrong('the record before does not name the digest of these bytes', record)
  }

  #takeEnd(value: Json | undefined): void {
    const parsed = EndLine.safeParse(value)
    if (!parsed.success || this.#key === null)
      return this.#wrong('the last line is malformed, or there is no key to check it with')
    this.#end = parsed.data
    const { end, note } = parsed.data
    if (end.records !== this.#records)
      this.#wrong(`the last line counts ${end.records} records, there are ${this.#records}`)
    if (end.attachments !== this.#attachments)
      this.#wrong(`the last line counts ${end.attachments} attachments, there are ${this.#attachments}`)
    if (end.sha256 !== this.#digest.digest('hex')) this.#wrong('the digest in the last line is not that of the file')
    const opened = openNote(note, this.#key)
    if (opened.kind === 'refused') this.#wrong(`the signature under the file: ${opened.why}`)
    else if (opened.text !== endText(this.#key.name, end))
      this.#wrong('what was signed under the file is not what the last line says')
  }

  #wrong(says: string, record: number | null = null): undefined {
    this.#problemCount++
    if (this.#problems.length < problemsMax) this.#problems.push({ line: this.#line, record, says })
  }

  verdict(): Verdict {
    const scope = this.#header?.scope ?? null
    if (this.#line === 0) this.#wrong('the file is empty')
    else if (this.#end === undefined) this.#wrong('the file is cut short: its last line is missing')
    if (scope?.kind === 'all' && this.#head !== null) {
      const { size, root } = this.#head
      if (this.#edge.size !== size) this.#wrong(`${size} records are signed, ${this.#edge.size} are in the file`)
      else if (!sameHash(this.#edge.root(), root)) this.#wrong('the records do not lead to the signed root')
    }
    return {
      ok: this.#problemCount === 0,
      origin: this.#header?.origin ?? null,
      key: this.#key?.text ?? null,
      keyFrom: this.#options.key === undefined ? 'file' : 'you',
      scope,
      complete: scope?.kind === 'all' && this.#problemCount === 0,
      size: this.#head?.size ?? null,
      records: this.#records,
      attachments: this.#attachments,
      approvals: this.#signatures.approvals,
      releases: this.#signatures.releases,
      stamps: {
        count: this.#stamps.count,
        newest: this.#stamps.newest,
        trust: this.#options.authority === undefined ? 'not-checked' : 'checked',
      },
      problems: this.#problems,
      problemCount: this.#problemCount,
    }
  }
}

function kindOf(value: Json | undefined): 'record' | 'attachment' | 'end' | 'nothing' {
  if (value === undefined) return 'nothing'
  if (typeof value === 'object' && value !== null && 'end' in value) return 'end'
  if (typeof value === 'object' && value !== null && 'attachment' in value) return 'attachment'
  return 'record'
}
