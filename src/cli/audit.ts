import type { X509Certificate } from 'node:crypto'
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs'
import { Command, InvalidArgumentError } from 'commander'
import { readSettings } from '../config/config.ts'
import { systemClock } from '../kit/clock.ts'
import { Trouble, wordsOf } from '../kit/errors.ts'
import { auditDatabase } from '../ledger/audit-database.ts'
import { auditRecord } from '../ledger/audit-record.ts'
import { exportLedger } from '../ledger/export.ts'
import type { ExportScope } from '../ledger/export-format.ts'
import { type LedgerKey, loadKey, loadOrCreateKey } from '../ledger/key.ts'
import { cutLines } from '../ledger/lines.ts'
import { sequenceAll } from '../ledger/sequencer.ts'
import { noteBytesMax, readVerifierKey, type VerifierKey } from '../ledger/signed-note.ts'
import { latestCheckpoint } from '../ledger/tree.ts'
import { type Verdict, verifyExport } from '../ledger/verify.ts'
import { authorityCertificates } from '../main/stamps.ts'
import { type OpenHouse, openHouse } from './open-house.ts'
import { outFile } from './out-file.ts'
import { progress } from './progress.ts'

const examples = `
Examples:
  counterfoil audit export --out 2026.jsonl --from 2026-01-01 --to 2027-01-01
  counterfoil audit export --out a-17.jsonl --alert 17 --replies
  counterfoil audit verify a-17.jsonl --key "$(cat provider-kept.key)"
  counterfoil audit key                  what an auditor compares the key with

The format, and how to verify it with other tools: docs/ledger.md.`

/** `counterfoil audit ...`: what proves the record. Exit 1 when something does not hold, 2 when the call was wrong. */
export function auditCommand(): Command {
  const audit = new Command('audit').description(
    'Export the ledger, verify an export offline, check the database against it.',
  )
  // Before the subcommands are made: they inherit it, and a wrong call then exits 2.
  audit.addHelpText('after', examples).exitOverride()
  audit
    .command('export')
    .description('write records of the ledger, with what proves them, to one file')
    .requiredOption('--out <file>', 'where to write; - is stdout')
    .option('--from <date>', 'records from this day or moment on (ISO 8601, UTC)', readDate)
    .option('--to <date>', 'records before this day or moment', readDate)
    .option('--alert <number>', 'all records about this alert', readNumber)
    .option('--replies', 'attach the bytes of released replies', false)
    .option('--messages', 'attach the bytes of received messages', false)
    .action(exportAction)
  audit
    .command('verify')
    .description('check an export with nothing but the file')
    .argument('<file>', 'the export; - is stdin')
    .option('--key <key>', "the ledger's verifier key, or a file with it", readKey)
    .option('--checkpoint <file>', 'a checkpoint kept from before, that the export must begin with', readNote)
    .option(
      '--tsa <file>',
      'certificates of the time-stamping authority (PEM), to check the time stamps against',
      readAuthority,
    )
    .option('--json', 'print the verdict as JSON', false)
    .action(verifyAction)
  audit
    .command('check')
    .description('work out the whole ledger in the database anew')
    .option('--json', 'print the result as JSON', false)
    .action(checkAction)
  audit.command('key').description('print the verifier key of this ledger').action(keyAction)
  audit
    .command('checkpoint')
    .description('print the newest signed checkpoint, for somebody else to keep')
    .action(checkpointAction)
  return audit
}

type ExportFlags = { out: string; from?: string; to?: string; alert?: number; replies: boolean; messages: boolean }

async function exportAction(flags: ExportFlags, command: Command): Promise<void> {
  if (flags.alert !== undefined && (flags.from ?? flags.to) !== undefined)
    command.error('error: --alert and --from/--to exclude each other', { exitCode: 2 })
  await inHouse(async ({ settings, database: { db } }) => {
    const own = loadKey(settings.dataFolder)
    // A new key would not be this ledger's: only a ledger without a signed head may begin with one.
    if (own === null && (await latestCheckpoint(db)) !== null) {
      throw new Trouble('ledger.other-key', { problem: 'there is no ledger.key in the data folder' })
    }
    const needs = { db, clock: systemClock, key: own ?? loadOrCreateKey(settings.dataFolder) }
    await sequenceAll(needs)
    const out = outFile(flags.out)
    const bar = progress('Exporting records', null)
    let lines = 0
    try {
      const attach = { replies: flags.replies, messages: flags.messages }
      const done = await exportLedger(needs, { scope: scopeOf(flags), attach }, (text) => {
        bar.at(++lines)
        return out.write(text)
      })
      await out.finish()
      bar.end()
      say(
        `${done.records} records and ${done.attachments} attachments of a ledger of ${done.size}. Verifier key: ${needs.key.verifier.text}`,
      )
    } catch (error) {
      bar.end()
      await out.abandon()
      throw error
    }
  })
}

function scopeOf(flags: ExportFlags): ExportScope {
  if (flags.alert !== undefined) return { kind: 'alert', number: flags.alert }
  if (flags.from === undefined && flags.to === undefined) return { kind: 'all' }
  return { kind: 'period', from: flags.from ?? null, to: flags.to ?? null }
}

async function verifyAction(
  file: string,
  flags: { key?: VerifierKey; checkpoint?: string; tsa?: readonly X509Certificate[]; json: boolean },
  command: Command,
): Promise<void> {
  if (file !== '-' && !statSync(file, { throwIfNoEntry: false })?.isFile())
    command.error(`error: there is no file ${file}`, { exitCode: 2 })
  const bar = progress('Verifying lines', null)
  const chunks = file === '-' ? process.stdin : createReadStream(file, { highWaterMark: 1024 * 1024 })
  const verdict = await verifyExport(cutLines(chunks), {
    ...(flags.key === undefined ? {} : { key: flags.key }),
    ...(flags.checkpoint === undefined ? {} : { older: flags.checkpoint }),
    ...(flags.tsa === undefined ? {} : { authority: flags.tsa }),
    onProgress: bar.at,
  })
  bar.end()
  process.stdout.write(flags.json ? `${JSON.stringify(verdict)}\n` : verdictText(verdict))
  if (!verdict.ok) process.exitCode = 1
}

function verdictText(verdict: Verdict): string {
  const lines = verdict.problems.map(
    ({ line, record, says }) => `line ${line}${record === null ? '' : `, record ${record}`}: ${says}`,
  )
  if (verdict.problemCount > lines.length) lines.push(`... and ${verdict.problemCount - lines.length} more`)
  lines.push(
    verdict.ok
      ? 'It holds.'
      : `It does not hold: ${verdict.problemCount} ${verdict.problemCount === 1 ? 'problem' : 'problems'}.`,
  )
  lines.push(
    `${verdict.records} records and ${verdict.attachments} attachments of the ledger ${verdict.origin ?? '(unknown)'}, signed at ${verdict.size ?? '?'} records.`,
  )
  if (verdict.approvals > 0)
    lines.push(
      `${verdict.approvals} signed approvals${verdict.ok ? ': each signature is of the named person’s passkey over what the record names' : ''}.`,
    )
  if (verdict.releases > 0)
    lines.push(
      `${verdict.releases} signed releases of answers${verdict.ok ? ': each signature is of the named person’s passkey over the bytes, recipients and rule that the record names' : ''}.`,
    )
  const { count, newest, trust } = verdict.stamps
  if (newest !== null)
    lines.push(
      `${count} time stamps; the newest over ${newest.size} records: ${newest.at} by ${newest.authority}.${trust === 'checked' ? '' : ' Whether that authority is the one you trust was not checked: give its certificate with --tsa.'}`,
    )
  if (verdict.ok)
    lines.push(
      verdict.complete
        ? 'Complete: no record is missing.'
        : 'A part of the ledger: each record is proved; that none is left out rests on the signature under the file.',
    )
  if (verdict.keyFrom === 'file')
    lines.push(
      `Checked with the key in the file itself: compare it with one you got another way.\n  ${verdict.key ?? '(none)'}`,
    )
  return `${lines.join('\n')}\n`
}

async function checkAction(flags: { json: boolean }): Promise<void> {
  const key = ownKey()
  await inHouse(async ({ database: { db } }) => {
    const { root, ...audit } = await auditDatabase(db, key?.verifier)
    const record = await auditRecord(db)
    const rootText = Buffer.from(root).toString('base64')
    const signatures = key === null ? 'not-checked' : 'checked'
    if (flags.json)
      process.stdout.write(
        `${JSON.stringify({ ...audit, ok: audit.ok && record.ok, root: rootText, signatures, record })}\n`,
      )
    else {
      for (const problem of [...audit.problems, ...record.problems]) process.stdout.write(`${problem}\n`)
      const found = audit.ok
        ? 'The ledger in the database holds'
        : `The ledger in the database does not hold, ${audit.problemCount} problems`
      process.stdout.write(
        `${found}: ${audit.records} records, ${audit.checkpoints} checkpoints, ${audit.waiting} records wait for their place.\n`,
      )
      const compared = `${record.messages} messages, ${record.decisions} decisions, ${record.replies} released replies`
      process.stdout.write(
        record.ok
          ? `What the pages show is what the ledger says: ${compared}.\n`
          : `What the pages show is not what the ledger says, ${record.problemCount} problems: ${compared}.\n`,
      )
      if (key === null)
        process.stdout.write('Signatures were not checked: there is no ledger.key in the data folder.\n')
    }
    if (!audit.ok || !record.ok) process.exitCode = 1
  })
}

function keyAction(): void {
  const key = ownKey()
  if (key === null) throw new Trouble('house.missing', { problem: 'no ledger was begun in this data folder' })
  process.stdout.write(`${key.verifier.text}\n`)
}

async function checkpointAction(): Promise<void> {
  const key = ownKey()
  await inHouse(async ({ database: { db } }) => {
    if (key !== null) await sequenceAll({ db, clock: systemClock, key })
    const latest = await latestCheckpoint(db)
    if (latest === null) throw new Trouble('house.missing', { problem: 'the ledger is empty' })
    process.stdout.write(latest.note)
  })
}

function ownKey(): LedgerKey | null {
  return loadKey(readSettings().dataFolder)
}

async function inHouse(work: (house: OpenHouse) => Promise<void>): Promise<void> {
  const house = await openHouse()
  try {
    await work(house)
  } finally {
    await house.close()
  }
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

function readDate(text: string): string {
  const date = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text)
    ? new Date(text)
    : null
  if (date === null || Number.isNaN(date.getTime()))
    throw new InvalidArgumentError('Write 2026-01-31, or 2026-01-31T08:00:00Z.')
  return date.toISOString()
}

function readNumber(text: string): number {
  const number = /^(?:A-)?(\d{1,9})$/i.exec(text)?.[1]
  if (number === undefined) throw new InvalidArgumentError('Write the number of an alert: 17 or A-17.')
  return Number(number)
}

function readKey(text: string): VerifierKey {
  const key = readVerifierKey(existsSync(text) ? readNote(text).trim() : text.trim())
  if (key === null)
    throw new InvalidArgumentError('That is no verifier key (name+id+base64, as `counterfoil audit key` prints it).')
  return key
}

function readAuthority(file: string): readonly X509Certificate[] {
  try {
    return authorityCertificates(file)
  } catch (error) {
    throw new InvalidArgumentError(`${file} holds no certificate that can be read: ${wordsOf(error)}`)
  }
}

function readNote(file: string): string {
  try {
    if (statSync(file).size > noteBytesMax) throw new InvalidArgumentError(`${file} is too large.`)
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new InvalidArgumentError(`${file} cannot be read: ${wordsOf(error)}`)
  }
}
