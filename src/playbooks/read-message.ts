import { addJob } from '../db/jobs.ts'
import { notify } from '../db/live.ts'
import { getMessage, type Message, markReleased, rawOf, updateMessage } from '../db/messages.ts'
import { type Db, transaction } from '../db/open.ts'
import { listProviders, providerById } from '../db/providers.ts'
import { taughtDescriptions } from '../db/readers.ts'
import { isTrouble, Trouble, wordsOf } from '../kit/errors.ts'
import { append } from '../ledger/append.ts'
import type { Reading } from '../model/alert.ts'
import type { SealedSeen } from '../model/doors.ts'
import type { Letter } from '../model/letter.ts'
import type { Authentication, Raw } from '../model/message.ts'
import type { Provider } from '../model/provider.ts'
import { readerOf } from '../providers/described.ts'
import type { ReadContext } from '../providers/matter.ts'
import { readJson, readLetter } from '../providers/read.ts'
import type { Reader } from '../providers/reader.ts'
import { sealedVerdict, withSealed } from '../triage/sealed-verdict.ts'
import type { House } from './house.ts'
import { placeMessage } from './place-message.ts'
import { ownCopyIn } from './replies/own-copy.ts'
import { runJobAttemptsMax } from './wake.ts'

/** A name server that does not answer now may answer in a minute: tried this often before a message is put into quarantine for it. */
const lookupTriesMax = 4
/** A message that could not be read this often by an error of ours goes to a person as it is. */
const readTriesMax = 5

/** Reasons that the record keeps of a refusal: a mail that makes them longer than a ledger line may be would never reach quarantine. */
const reasonsMax = 20
const reasonCharsMax = 500

/** Everything that is known of a message before it is put in its place. */
export type Read = {
  readonly message: Message
  readonly raw: Raw
  readonly letter: Letter | null
  readonly authentication: Authentication
  readonly provider: Provider | null
  readonly reading: Reading
}

/**
 * Reads one message: parse, authenticate, read, put in its place. The slow part runs outside of a transaction; what follows from
 * it is one transaction, and a second run of the same job finds it done. `tries` counts from 1.
 */
export async function readMessage(house: House, messageId: string, tries: number): Promise<void> {
  const message = await getMessage(house.db, messageId)
  const raw = await rawOf(house.db, messageId)
  if (message === null || raw === null || message.state !== 'received') return
  const providers = await listProviders(house.db)
  const opened = raw.form === 'mail' ? await house.openMail(raw.bytes) : { bytes: null, seen: null }
  const parsed = await parseRaw(house, opened.bytes === null ? raw : { ...raw, bytes: opened.bytes }, tries)
  // Over the bytes as they came: DKIM is outermost.
  const came = await authenticateRaw(house, raw, parsed, providers)
  const authentication = opened.seen === null ? came : sealedToo(came, opened.seen, parsed, providers)
  // A copy of what we sent ourselves is signed by no provider; that it is one, its bytes prove.
  const isOwn = (await ownCopyIn(house.db, raw.bytes, parsed.letter)) !== null
  if (!authentication.accepted && message.releasedBy === null && !isOwn) {
    if (looksTemporary(authentication) && tries < lookupTriesMax)
      throw new Trouble('internal', { problem: 'a look-up did not answer; it is tried again' })
    await quarantine(house, message, parsed.letter, authentication)
    return
  }
  // What a person let in is from whom the person says, or the door; a forged sender would otherwise join and change that provider's alerts.
  const named = message.releasedBy === null ? (authentication.provider?.id ?? null) : message.providerId
  const providerId = named ?? raw.providerId
  const provider = providers.find((one) => one.id === providerId) ?? null
  const taught = await taughtReaders(house)
  const reading = readRaw(house, raw, parsed, { provider, receivedAt: message.receivedAt, taught })
  const place = (letter: Letter | null, reading: Reading): Promise<void> =>
    transaction(house.db, async (tx) => {
      const now = await getMessage(tx, messageId, { lock: true })
      if (now === null || now.state !== 'received') return
      await placeMessage(house, tx, { message: now, raw, letter, authentication, provider, reading })
    })
  try {
    await place(parsed.letter, reading)
  } catch (error) {
    if (isTrouble(error, 'database.unreachable', 'disk.full') || tries < readTriesMax) throw error
    // An error of ours that does not go away must not keep a message from the people it is for.
    house.log.error(
      { messageId, error: wordsOf(error) },
      'a message could not be put in its place; a person must look at it',
    )
    await place(
      null,
      unreadReading(`It could not be put in its place: ${wordsOf(error)}`, parsed.letter?.subject || raw.origin),
    )
  }
}

/** Readers that people taught and switched on. */
async function taughtReaders(house: House): Promise<readonly Reader[]> {
  const { descriptions, broken } = await taughtDescriptions(house.db)
  if (broken.length > 0) house.log.error({ broken }, 'a taught reader cannot be read any more, and reads nothing')
  return descriptions.map(readerOf)
}

type Parsed = { readonly letter: Letter | null; readonly problem: string }

/** A letter, or why there is none. Trouble of the machine (a dead worker) is tried again before it counts as the mail's fault. */
async function parseRaw(house: House, raw: Raw, tries: number): Promise<Parsed> {
  if (raw.form === 'json') return { letter: null, problem: '' }
  try {
    return { letter: await house.parse(raw.bytes), problem: '' }
  } catch (error) {
    if (!isTrouble(error, 'input.invalid', 'file.invalid', 'input.too-large') && tries < readTriesMax) throw error
    return {
      letter: null,
      problem: isTrouble(error) ? String(error.details['problem'] ?? wordsOf(error)) : wordsOf(error),
    }
  }
}

async function authenticateRaw(
  house: House,
  raw: Raw,
  parsed: Parsed,
  providers: readonly Provider[],
): Promise<Authentication> {
  if (parsed.letter !== null) return house.authenticate(raw, parsed.letter, providers)
  // A post, or bytes that are no mail: nothing in them can say who sent them, only the door can.
  const known = providers.find((provider) => provider.id === raw.providerId)
  const by = doorProves(raw.channel)
  const reasons = parsed.problem === '' ? [] : [`It could not be parsed: ${parsed.problem}`]
  reasons.push(
    known === undefined
      ? 'Nothing says which provider it is from.'
      : by === 'own-rule'
        ? 'A detection rule of our own wrote it.'
        : `It came with the ${by} of ${known.name}.`,
  )
  return {
    spf: { result: 'none', domain: null },
    dkim: [],
    dmarc: { result: 'none', policy: null, domain: null },
    arc: { result: 'none', sealers: [] },
    sourceAddress: raw.sourceAddress,
    provider: known === undefined ? null : { id: known.id, by },
    sourceAllowed: 'not-pinned',
    accepted: known !== undefined,
    reasons,
  }
}

function doorProves(channel: Raw['channel']): 'key' | 'folder' | 'own-rule' {
  if (channel === 'detection') return 'own-rule'
  return channel === 'https' ? 'key' : 'folder'
}

function sealedToo(
  authentication: Authentication,
  seen: SealedSeen,
  { letter }: Parsed,
  providers: readonly Provider[],
): Authentication {
  const provider = providers.find((one) => one.id === authentication.provider?.id) ?? null
  return withSealed(authentication, sealedVerdict(seen, provider, letter?.from?.address ?? null))
}

function looksTemporary({ spf, dkim, dmarc }: Authentication): boolean {
  return [spf.result, dmarc.result, ...dkim.map((one) => one.result)].includes('temperror')
}

async function quarantine(
  house: House,
  message: Message,
  letter: Letter | null,
  authentication: Authentication,
): Promise<void> {
  const reasons = authentication.reasons
    .slice(0, reasonsMax)
    .map((reason) => reason.slice(0, reasonCharsMax).toWellFormed())
  await transaction(house.db, async (tx) => {
    const now = await getMessage(tx, message.id, { lock: true })
    if (now === null || now.state !== 'received') return
    await updateMessage(tx, message.id, {
      state: 'quarantined',
      stateReason: reasons.join(' '),
      kind: null,
      providerId: authentication.provider?.id ?? null,
      authentication,
      letter,
      reading: null,
      alertId: null,
    })
    await append(
      tx,
      {
        kind: 'message.quarantined',
        actor: 'system',
        subject: `message:${message.id}`,
        body: { reasons },
      },
      house.clock,
    )
    await notify(tx, 'quarantine')
  })
}

/** What the readers make of it; never nothing: what they cannot read becomes an alert "unread" that names the message. */
function readRaw(house: House, raw: Raw, parsed: Parsed, context: ReadContext): Reading {
  try {
    if (parsed.letter !== null) return readLetter(parsed.letter, context)
    if (raw.form === 'json') return readJson(new TextDecoder().decode(raw.bytes), context)
    return unreadReading(`It could not be parsed: ${parsed.problem}`, raw.origin)
  } catch (error) {
    house.log.error({ origin: raw.origin, error: wordsOf(error) }, 'a reader failed; a person must look at the message')
    return unreadReading(`The reader failed: ${wordsOf(error)}`, parsed.letter?.subject || raw.origin)
  }
}

function unreadReading(because: string, name: string): Reading {
  return {
    reader: 'none',
    kind: 'unread',
    because,
    ticket: null,
    rule: null,
    severity: 'unknown',
    severityText: null,
    status: null,
    title: `Unread message: ${name}`.slice(0, 300),
    summary: because,
    occurredAt: null,
    raisedAt: null,
    source: null,
    destination: null,
    host: null,
    account: null,
    entity: null,
    portalUrl: null,
    question: null,
    fields: [],
    observables: [],
    delivered: [],
  }
}

/**
 * A person lets a quarantined message in, says why and whose it is: it is read as if it had been accepted. From nobody we know
 * (`providerId` null) it opens an alert of its own and touches no other. Throws
 * Trouble('state.conflict') when it is not in quarantine (any more), 'not.found' when there is none, 'input.invalid' for a
 * provider that is not there.
 */
export async function releaseFromQuarantine(
  house: Pick<House, 'db' | 'clock'>,
  release: {
    readonly messageId: string
    readonly reason: string
    readonly providerId: string | null
    readonly by: string
  },
): Promise<void> {
  const { messageId, reason, providerId, by } = release
  await transaction(house.db, async (tx) => {
    if (providerId !== null && (await providerById(tx, providerId)) === null)
      throw new Trouble('input.invalid', { fields: { providerId: 'There is no such provider' } })
    if (!(await markReleased(tx, messageId, { by, at: house.clock.now(), providerId }))) {
      const there = await getMessage(tx, messageId)
      throw new Trouble(there === null ? 'not.found' : 'state.conflict', { messageId, state: there?.state })
    }
    const body = { reason, providerId }
    await append(tx, { kind: 'message.released', actor: by, subject: `message:${messageId}`, body }, house.clock)
    await queueReading(tx, messageId)
    await notify(tx, 'quarantine')
  })
}

async function queueReading(tx: Db, messageId: string): Promise<void> {
  await addJob(tx, 'read-message', { messageId }, { key: `read:${messageId}`, attemptsMax: runJobAttemptsMax })
}
