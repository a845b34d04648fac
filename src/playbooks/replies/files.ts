import { randomUUID } from 'node:crypto'
import type { Db } from '../../db/open.ts'
import { filesOfReply, insertReplyFile, type ReplyFile, removeReplyFile, saveFileSpans } from '../../db/reply-files.ts'
import { fileOf } from '../../db/ticket-parts.ts'
import { sha256Hex } from '../../kit/digest.ts'
import { Trouble } from '../../kit/errors.ts'
import { stableId } from '../../kit/stable-id.ts'
import { append } from '../../ledger/append.ts'
import {
  attachmentBytesMax,
  attachmentNameCharsMax,
  attachmentsBytesMax,
  attachmentsMax,
  type Inspected,
} from '../../model/attachment.ts'
import type { SensitiveSpan } from '../../model/reply.ts'
import { type Attached, findInFile, findInName, placesPerFileMax } from '../../triage/attached.ts'
import { coverValues } from '../../triage/redact.ts'
import { carryOver } from './carry-over.ts'
import { assertState, type ReplyDesk, subjectOf, tell, withReply } from './desk.ts'
import { keepDraft } from './keep-draft.ts'
import { contextFor, type Knowledge, knowledgeOf } from './knowledge.ts'

type Adding = {
  readonly replyId: string
  readonly name: string
  readonly bytes: Uint8Array
  readonly version: number
  readonly by: string
  /** The file of the case that it is. */
  readonly ticketFileId: string | null
}

/**
 * Puts a file beside a draft: it is looked into first, its places are found, and what cannot be looked into is kept as blocked, without its
 * bytes. A first release is taken back with it. Returns the id of the file and the new version of the draft.
 */
export async function addFile(desk: ReplyDesk, adding: Adding): Promise<{ fileId: string; version: number }> {
  const refuse = (problem: string): never => {
    throw new Trouble('input.invalid', { fields: { file: problem } })
  }
  const mib = (bytes: number) => `${Math.floor(bytes / 1024 / 1024)} MiB`
  if (adding.bytes.length > attachmentBytesMax) refuse(`A file may have ${mib(attachmentBytesMax)} at most`)
  const inspected = await desk.inspect(adding.name, adding.bytes)
  return withReply(desk.db, adding.replyId, async (tx, record) => {
    assertState(record, ['draft'], adding.version)
    const { reply } = record
    const files = await filesOfReply(tx, reply.id)
    if (files.length >= attachmentsMax) refuse(`An answer has at most ${attachmentsMax} files`)
    const sizes = files.map((file) => (file.kind === 'blocked' ? 0 : file.bytes.length))
    const room = attachmentsBytesMax - sizes.reduce((sum, size) => sum + size, 0)
    if (adding.bytes.length > room)
      refuse(`All files together may have ${mib(attachmentsBytesMax)}; there is room for ${mib(room)}`)
    const known = await knowledgeOf(desk, tx, reply.alertId)
    const file = await withPlaces(tx, known, fresh(desk, adding, inspected))
    await insertReplyFile(tx, reply.id, file)
    const version = await keepDraft(desk, tx, record, { text: reply.text, spans: reply.spans })
    // The name may be what must not be told: it is in no record but the draft's.
    const body = {
      ...{ replyId: reply.id, file: file.id, version, kind: file.kind, came: file.came, stripped: file.stripped },
      ...{ places: file.spans.length + file.nameSpans.length, blocked: file.blocked?.why ?? null },
    }
    await append(tx, { kind: 'reply.file-added', actor: adding.by, subject: subjectOf(reply.id), body }, desk.clock)
    await tell(tx, reply.alertId)
    return { fileId: file.id, version }
  })
}

function fresh(desk: ReplyDesk, adding: Adding, inspected: Inspected): ReplyFile {
  const { bytes, ticketFileId, by } = adding
  const name = shortName(adding.name)
  const common = {
    ...{ id: randomUUID(), name, nameSpans: [], spans: [] },
    came: { sha256: sha256Hex(bytes), bytes: bytes.length, ticketFileId },
    ...{ addedBy: by, addedAt: desk.clock.now().toISOString() },
  }
  if (inspected.kind === 'blocked') {
    const { why, next } = inspected
    const empty = { text: '', unreadFrom: null, isPlain: false, stripped: [] }
    return { ...common, ...empty, kind: 'blocked', blocked: { why, next } }
  }
  const { kind, type, text, unread, isPlain, stripped } = inspected
  return {
    ...common,
    ...{ kind, type, bytes: Buffer.from(inspected.bytes), isPlain, stripped, blocked: null },
    text: unread.length === 0 ? text : `${text}\n${unread.join(', ')}`,
    unreadFrom: unread.length === 0 ? null : text.length + 1,
  }
}

/** The last part of a path, without control characters; its ending stays when it is cut. */
function shortName(name: string): string {
  const last = name.split(/[\\/]/).at(-1) ?? ''
  const clean = last.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, '').trim()
  return clean === '' ? 'file' : clean.slice(-attachmentNameCharsMax).toWellFormed()
}

/** The file with its places as our lists know them now; verdicts that were given stay where the same words are found. */
async function withPlaces(tx: Db, known: Knowledge, file: ReplyFile): Promise<ReplyFile> {
  const context = await contextFor(tx, known, `${file.name}\n${file.text}`)
  const nameSpans = carryOver(findInName(file, context), file.nameSpans)
  if (file.kind === 'blocked') return { ...file, nameSpans: [] }
  const spans = carryOver(findInFile(file, context), file.spans)
  if (spans.length <= placesPerFileMax) return { ...file, nameSpans, spans }
  const { bytes: _bytes, type: _type, ...rest } = file
  return {
    ...{ ...rest, kind: 'blocked', nameSpans: [], spans: [], text: '', unreadFrom: null, isPlain: false },
    blocked: {
      why: `It has ${spans.length} sensitive places; up to ${placesPerFileMax} can be reviewed one by one.`,
      next: 'Attach the part that they need, or name the figures in the answer.',
    },
  }
}

/**
 * The files of an answer that was taken back go along to the draft after it: the same bytes, looked into already. A verdict stays where
 * the same words are found again. In the order in which they were added.
 */
export async function takeAlong(tx: Db, known: Knowledge, from: string, to: string): Promise<readonly ReplyFile[]> {
  const along: ReplyFile[] = []
  for (const file of await filesOfReply(tx, from)) {
    const copy = await withPlaces(tx, known, { ...file, id: stableId('reply-file', to, file.id) })
    await insertReplyFile(tx, to, copy)
    along.push(copy)
  }
  return along
}

/** Takes a file of the case along, as addFile does. Throws Trouble('not.found') for one of another case. */
export async function pickFile(
  desk: ReplyDesk,
  pick: { readonly replyId: string; readonly ticketFileId: string; readonly version: number; readonly by: string },
): Promise<{ fileId: string; version: number }> {
  const { alertId } = await withReply(desk.db, pick.replyId, async (_tx, record) => record.reply)
  const file = await fileOf(desk.db, alertId, pick.ticketFileId)
  if (file === null) throw new Trouble('not.found', { file: pick.ticketFileId })
  return addFile(desk, { ...pick, name: file.name, bytes: file.bytes })
}

/** Takes a file out of a draft. Returns the new version. */
export async function takeOutFile(
  desk: ReplyDesk,
  taking: { readonly replyId: string; readonly fileId: string; readonly version: number; readonly by: string },
): Promise<number> {
  return withReply(desk.db, taking.replyId, async (tx, record) => {
    assertState(record, ['draft'], taking.version)
    const { reply } = record
    const file = (await filesOfReply(tx, reply.id)).find((one) => one.id === taking.fileId)
    if (file === undefined) throw new Trouble('not.found', { file: taking.fileId })
    await removeReplyFile(tx, file.id)
    const version = await keepDraft(desk, tx, record, { text: reply.text, spans: reply.spans })
    const body = { replyId: reply.id, file: file.id, version, came: file.came }
    await append(tx, { kind: 'reply.file-removed', actor: taking.by, subject: subjectOf(reply.id), body }, desk.clock)
    await tell(tx, reply.alertId)
    return version
  })
}

export const spansOfFile = (file: ReplyFile): readonly SensitiveSpan[] => [...file.nameSpans, ...file.spans]

/** Finds the places of all files anew. True when there are some that nobody has seen; they are kept then. */
export async function filePlacesChanged(tx: Db, known: Knowledge, replyId: string): Promise<boolean> {
  let changed = false
  for (const file of await filesOfReply(tx, replyId)) {
    const now = await withPlaces(tx, known, file)
    const seen = new Set(spansOfFile(file).map((span) => `${span.class}\n${span.text}`))
    const isNew = spansOfFile(now).some((span) => span.verdict === null && !seen.has(`${span.class}\n${span.text}`))
    if (now.kind === 'blocked' && file.kind !== 'blocked') await blockFile(tx, replyId, file.id, now)
    else if (isNew) await saveFileSpans(tx, now)
    changed ||= isNew || now.kind !== file.kind
  }
  return changed
}

async function blockFile(tx: Db, replyId: string, id: string, blocked: ReplyFile): Promise<void> {
  await removeReplyFile(tx, id)
  await insertReplyFile(tx, replyId, blocked)
}

/** Files that may be made into bytes. */
export function attachedOf(files: readonly ReplyFile[]): Attached[] {
  return files.flatMap((file) => (file.kind === 'blocked' ? [] : [file]))
}

/**
 * Throws Trouble('reply.blocked') while a file is blocked, and for one in which something stands that was covered elsewhere in this answer:
 * where one occurrence was covered no other may stay, and only plain text can be covered here.
 */
export function refuseBlockedFiles(files: readonly ReplyFile[], all: readonly SensitiveSpan[]): void {
  const fields: Record<string, string> = {}
  for (const file of files) {
    if (file.blocked !== null) fields[file.id] = `${file.name}: ${file.blocked.why} Take it out. ${file.blocked.next}`
    else if (!file.isPlain && coverValues(file.text, all) !== file.text)
      fields[file.id] =
        `${file.name} holds what is covered elsewhere in this answer. Take it out, or keep that everywhere.`
  }
  if (Object.keys(fields).length > 0) throw new Trouble('reply.blocked', { fields })
}
