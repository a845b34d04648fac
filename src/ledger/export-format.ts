import { z } from 'zod'
import { canonicalJson, type Json } from '../kit/canonical-json.ts'

/** Name and version of the format, first thing in a file; docs/ledger.md describes it. */
export const exportFormat = 'counterfoil.ledger/1'

/** A line holds a record (256 KiB at most, twice that once quoted) or an attached mail of 25 MiB in base64. */
export const lineBytesMax = 48 * 1024 * 1024

const hash = z.string().regex(/^[A-Za-z0-9+/]{43}=$/, 'not a SHA-256 in base64')
const digest = z.string().regex(/^[0-9a-f]{64}$/, 'not a SHA-256 in hex')
const index = z.int().nonnegative()

/** What was asked for. `all` is complete by itself; the others show that each record is in the ledger, at its place. */
export const ExportScope = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('all') }),
  z.strictObject({ kind: z.literal('period'), from: z.iso.datetime().nullable(), to: z.iso.datetime().nullable() }),
  z.strictObject({ kind: z.literal('alert'), number: index }),
  /** The alerts of a sample, and how it was drawn (docs/audit-room.md). */
  z.strictObject({
    kind: z.literal('alerts'),
    numbers: z.array(index).max(1000),
    drawn: z.strictObject({ seed: z.string(), from: z.iso.datetime(), to: z.iso.datetime(), n: z.int() }),
  }),
])
export type ExportScope = z.infer<typeof ExportScope>

/** First line: whose ledger, the signed head, what was asked for. */
export const HeaderLine = z.strictObject({
  format: z.literal(exportFormat),
  origin: z.string(),
  key: z.string(),
  checkpoint: z.string(),
  scope: ExportScope,
  madeAt: z.iso.datetime(),
})
export type HeaderLine = z.infer<typeof HeaderLine>

/** A record. `leaf` is the text that was hashed; `proof` leads from it to the signed root, lowest first (not in a complete export). */
export const RecordLine = z.strictObject({ index, leaf: z.string(), hash, proof: z.array(hash).max(64).optional() })
export type RecordLine = z.infer<typeof RecordLine>

/** Bytes whose digest the record just before names. */
export const AttachmentLine = z.strictObject({
  attachment: z.enum(['reply', 'message']),
  sha256: digest,
  bytes: z.string(),
})
export type AttachmentLine = z.infer<typeof AttachmentLine>

/** Last line: digest of every byte before it, in a note signed by the ledger's key. */
export const EndLine = z.strictObject({
  end: z.strictObject({ records: index, attachments: index, sha256: digest }),
  note: z.string(),
})
export type EndLine = z.infer<typeof EndLine>

/** What the note of the last line says. Its first line differs from every origin, so that it can never pass for a checkpoint. */
export function endText(origin: string, end: EndLine['end']): string {
  return `${exportFormat} export\n${origin}\n${end.records}\n${end.attachments}\n${end.sha256}\n`
}

/** A line as it stands in the file: canonical JSON, so that there is one way to write it. */
export function writeLine(line: HeaderLine | RecordLine | AttachmentLine | EndLine): string {
  return `${canonicalJson(line as Json)}\n`
}
