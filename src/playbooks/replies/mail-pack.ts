import { packById, packFile, packFileNames } from '../../db/context-packs.ts'
import { changeEgress, egressById, egressBytes, insertEgress } from '../../db/egress.ts'
import { addJob, removeJob } from '../../db/jobs.ts'
import { type Db, transaction } from '../../db/open.ts'
import { providerById } from '../../db/providers.ts'
import { settingOf } from '../../db/settings.ts'
import { sha256Hex } from '../../kit/digest.ts'
import { Trouble, wordsOf } from '../../kit/errors.ts'
import { stableId } from '../../kit/stable-id.ts'
import { append } from '../../ledger/append.ts'
import { PackContent } from '../../model/context-pack.ts'
import type { FileOut, SendResult } from '../../model/doors.ts'
import type { Egress, EgressState } from '../../model/egress.ts'
import type { LedgerKind } from '../../model/ledger.ts'
import { agreementOf, isTheirs } from '../../model/provider.ts'
import { waysOf } from '../../triage/context-pack.ts'
import { mailOf, type ReplyDesk } from './desk.ts'
import { makeMail, protectionRecord, whyHeldBack } from './protect.ts'
import { refuseStrangers, sendJobAttemptsMax } from './release-reply.ts'
import { backoffMs, sendAttemptsMax } from './send-reply.ts'

/** A mail larger than this is sent back by some servers on the way; the files can be downloaded and handed over instead. */
export const packMailBytesMax = 15 * 1024 * 1024

const jobKey = (id: string): string => `pack-mail:${id}`
const types: Readonly<Record<string, string>> = { json: 'application/json', csv: 'text/csv', txt: 'text/plain' }

/**
 * Lets a released version of a pack leave by mail, to the address that answers go to, after the hold. Throws Trouble: 'not.found',
 * 'state.conflict' where the agreement has become narrower since that version, or there is nowhere to send it.
 */
export async function mailPack(
  desk: ReplyDesk,
  mailing: { readonly packId: string; readonly version: number; readonly by: string },
): Promise<string> {
  const mail = mailOf(desk)
  const { packId, version, by } = mailing
  return transaction(desk.db, async (tx) => {
    const pack = await packById(tx, packId, { lock: true })
    const released = pack?.released.find((one) => one.version === version)
    if (pack === null || released === undefined) throw new Trouble('not.found', { pack: packId, version })
    const provider = await providerById(tx, pack.definition.providerId)
    const to = provider?.replyAddress ?? null
    if (provider === null || to === null || !isTheirs(to, provider))
      throw new Trouble('state.conflict', {
        field: 'to',
        problem: 'this provider has no address for answers: set it first',
      })
    refuseStrangers([to], agreementOf(provider))
    const files = await filesOf(tx, packId, version)
    assertStillAgreed(files, provider.mayShare)
    const already = await tx
      .selectFrom('egress')
      .select('id')
      .where('pack_id', '=', packId)
      .where('pack_version', '=', version)
      .execute()
    const id = stableId('egress', 'pack', packId, String(version), String(already.length))
    const now = desk.clock.now()
    const messageId = `pack.${id}@${mail.domain}`
    const subject = `Context pack ${packId}, version ${version}`
    const lines = Object.entries(released.files).map(([name, digest]) => `${digest}  ${name}`)
    const text = `${subject}.\n\nWhat we tell you about our assets, as agreed. Files, with their SHA-256:\n\n${lines.join('\n')}\n\nsignature.txt is a signed note over these digests.\n`
    const letter = { to: [to], subject, text, files, messageId, inReplyTo: null, references: [], date: now }
    const { bytes, clear } = await makeMail(desk, tx, provider, letter)
    const protection = protectionRecord(clear)
    if (bytes.byteLength > packMailBytesMax)
      throw new Trouble('input.too-large', {
        pack: packId,
        what: 'bytes for a mail; hand the files over instead',
        most: packMailBytesMax,
      })
    const holdSeconds = (await settingOf(tx, 'reply-hold-seconds')) ?? desk.replyHoldSeconds
    const holdUntil = new Date(now.getTime() + holdSeconds * 1000)
    const sha256 = sha256Hex(bytes)
    await insertEgress(tx, {
      ...{
        id,
        of: { kind: 'pack', packId, version, bytes },
        providerId: provider.id,
        channel: 'mail',
        recipients: [to],
      },
      ...{ subject, messageId, sha256, sizeBytes: bytes.byteLength, releasedBy: by, releasedAt: now },
      ...{ rule: `Version ${version} was reviewed and released by ${released.releasedBy}`, holdUntil },
      ...{ state: provider.dryRun ? 'dry-run' : 'released', ...protection },
    })
    const body = {
      version,
      to: [to],
      messageId,
      sha256,
      sizeBytes: bytes.byteLength,
      dryRun: provider.dryRun,
      files: released.files,
      ...(clear === null ? {} : protection),
    }
    await append(tx, { kind: 'pack.mailed', actor: by, subject: `pack:${packId}`, body }, desk.clock)
    if (!provider.dryRun) await queue(tx, id, holdUntil, 1)
    return id
  })
}

async function filesOf(tx: Db, packId: string, version: number): Promise<FileOut[]> {
  const files: FileOut[] = []
  for (const name of packFileNames) {
    const content = await packFile(tx, packId, version, name)
    if (content === null) throw new Trouble('not.found', { pack: packId, version, file: name })
    files.push({ name, type: types[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream', content })
  }
  return files
}

/** A version was made under the agreement of its day; what may no longer leave as it is does not leave again. */
function assertStillAgreed(files: readonly FileOut[], mayShare: Parameters<typeof waysOf>[1]): void {
  const json = files.find(({ name }) => name === 'pack.json')
  const content = PackContent.parse(JSON.parse(Buffer.from(json?.content ?? []).toString()))
  const covered = new Set<string>([...content.withheld.pseudonyms, ...content.withheld.leftOut])
  const now = waysOf({ ...content, id: content.pack, providerId: content.provider, vulnerabilities: 'none' }, mayShare)
  const narrowed = [...now.pseudonyms, ...now.leftOut].filter((field) => !covered.has(field))
  if (narrowed.length > 0)
    throw new Trouble('state.conflict', {
      problem: `the agreement no longer lets ${narrowed.join(', ')} leave as it is: prepare a new version`,
    })
}

async function queue(tx: Db, id: string, runAt: Date, attempt: number): Promise<void> {
  await addJob(tx, 'send-pack', { id, attempt }, { runAt, key: jobKey(id), attemptsMax: sendJobAttemptsMax })
}

/** The job `send-pack`: like a reply, handed over at most once; what nobody can know is unconfirmed. */
export async function sendPack(desk: ReplyDesk, job: { readonly id: string; readonly attempt: number }): Promise<void> {
  const taken = await withEntry(desk.db, job.id, (tx, entry) => take(desk, tx, entry, job.attempt))
  if (taken === null) return
  const result = await tryToSend(desk, taken)
  await withEntry(desk.db, job.id, (tx, entry) => writeDown(desk, tx, entry, job.attempt, result))
}

async function withEntry<T>(
  db: Parameters<typeof transaction>[0],
  id: string,
  work: (tx: Db, entry: Egress) => Promise<T>,
): Promise<T> {
  return transaction(db, async (tx) => {
    const entry = await egressById(tx, id, { lock: true })
    if (entry === null || entry.kind !== 'pack') throw new Trouble('not.found', { egress: id })
    return work(tx, entry)
  })
}

async function take(desk: ReplyDesk, tx: Db, entry: Egress, attempt: number): Promise<Egress | null> {
  if (entry.state === 'leaving') {
    await moved(
      desk,
      tx,
      entry,
      'unconfirmed',
      'pack.unconfirmed',
      'The process that sent it ended before the server answered',
    )
    return null
  }
  if (entry.state !== 'released') return null
  const provider = await providerById(tx, entry.providerId)
  if (provider === null || provider.dryRun) {
    await moved(desk, tx, entry, 'dry-run', 'pack.withdrawn', 'The provider is not live')
    return null
  }
  if (new Date(entry.holdUntil) > desk.clock.now()) {
    await queue(tx, entry.id, new Date(entry.holdUntil), attempt)
    return null
  }
  const held = await whyHeldBack(tx, provider, { to: entry.recipients, protection: entry.protection }, desk.clock.now())
  if (held !== null) {
    await moved(desk, tx, entry, 'refused', 'pack.failed', held)
    return null
  }
  await changeEgress(tx, entry.id, { state: 'leaving' })
  return entry
}

async function tryToSend(desk: ReplyDesk, entry: Egress): Promise<SendResult> {
  const bytes = await egressBytes(desk.db, entry.id)
  if (desk.mail === null) return { kind: 'refused', permanent: false, why: 'No mail server is configured' }
  if (bytes === null) return { kind: 'refused', permanent: true, why: 'It has no released bytes' }
  try {
    const { id: entryId, messageId, recipients: to } = entry
    return await desk.mail.leave({ kind: 'released', bytes, entryId, messageId, to })
  } catch (error) {
    const problem = error instanceof Trouble ? String(error.details['problem'] ?? error.message) : wordsOf(error)
    desk.log.error({ egress: entry.id, problem }, 'a pack was stopped at the door')
    return { kind: 'refused', permanent: true, why: problem }
  }
}

async function writeDown(desk: ReplyDesk, tx: Db, entry: Egress, attempt: number, result: SendResult): Promise<void> {
  if (entry.state !== 'leaving') return
  if (result.kind === 'accepted') return moved(desk, tx, entry, 'left', 'pack.sent', result.receipt)
  if (result.kind === 'unknown') return moved(desk, tx, entry, 'unconfirmed', 'pack.unconfirmed', result.why)
  if (result.permanent || attempt >= sendAttemptsMax)
    return moved(desk, tx, entry, 'refused', 'pack.failed', result.why)
  const next = new Date(desk.clock.now().getTime() + backoffMs(attempt))
  const receipt = `Try ${attempt} of ${sendAttemptsMax}: ${result.why}`
  await changeEgress(tx, entry.id, { state: 'released', holdUntil: next, receipt })
  await queue(tx, entry.id, next, attempt + 1)
}

async function moved(
  desk: ReplyDesk,
  tx: Db,
  entry: Egress,
  state: EgressState,
  kind: LedgerKind,
  receipt: string,
  actor = 'system',
): Promise<void> {
  const left = state === 'left' ? { leftAt: desk.clock.now() } : {}
  await changeEgress(tx, entry.id, { state, receipt, ...left })
  const [packId] = entry.of.slice('pack:'.length).split('/')
  const body = { messageId: entry.messageId, sha256: entry.sha256, receipt }
  await append(tx, { kind, actor, subject: `pack:${packId}`, body }, desk.clock)
}

/** Takes the mail of a pack back while it is held. Throws Trouble('state.conflict') once a worker has it. */
export async function withdrawPack(
  desk: ReplyDesk,
  withdraw: { readonly id: string; readonly by: string },
): Promise<void> {
  await withEntry(desk.db, withdraw.id, async (tx, entry) => {
    if (entry.state !== 'released') throw new Trouble('state.conflict', { egress: entry.id, state: entry.state })
    await removeJob(tx, jobKey(entry.id))
    await moved(desk, tx, entry, 'withdrawn', 'pack.withdrawn', 'Taken back in time', withdraw.by)
  })
}

/** A person says whether a mail that nobody can know about arrived. */
export async function settlePack(
  desk: ReplyDesk,
  settle: { readonly id: string; readonly arrived: boolean; readonly why: string; readonly by: string },
): Promise<void> {
  await withEntry(desk.db, settle.id, async (tx, entry) => {
    if (entry.state !== 'unconfirmed') throw new Trouble('state.conflict', { egress: entry.id, state: entry.state })
    const says = `Settled by a person: ${settle.arrived ? '' : 'it did not arrive. '}${settle.why}`
    await moved(desk, tx, entry, settle.arrived ? 'left' : 'refused', 'pack.settled', says, settle.by)
  })
}
