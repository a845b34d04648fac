#!/usr/bin/env node
// Verifies an export of a Counterfoil ledger with nothing but Node and this page: no code of the product, no dependency.
// Written from docs/ledger.md alone, so that an auditor can read all of what decides.
//   node verify-export.mjs EXPORT.jsonl [VERIFIER-KEY]      exit 0: it holds; 1: it does not; 2: wrong call
import { createHash, createPublicKey, verify } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'

const [file, givenKey] = process.argv.slice(2)
if (!file || !existsSync(file)) {
  console.error('usage: node verify-export.mjs EXPORT.jsonl [VERIFIER-KEY]')
  process.exit(2)
}

const sha256 = (...pieces) => pieces.reduce((hash, piece) => hash.update(piece), createHash('sha256')).digest()
const leafHash = (leaf) => sha256(Buffer.of(0), leaf)
const nodeHash = (left, right) => sha256(Buffer.of(1), left, right)
const problems = []
let lineNumber = 0
const wrong = (says) => void problems.push(`line ${lineNumber}: ${says}`)

/** RFC 8785 for what stands in an export: keys sorted, no blanks. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const keys = Object.keys(value).sort()
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(',')}}`
}

/** C2SP verifier key: name+id+base64(0x01, 32 bytes of Ed25519). */
function readKey(text) {
  const [, name, id, base64] = /^([^\s+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text) ?? []
  const typed = Buffer.from(base64 ?? '', 'base64')
  if (typed.length !== 33 || typed[0] !== 1) throw new Error(`no verifier key: ${text}`)
  if (sha256(`${name}\n`, typed).subarray(0, 4).toString('hex') !== id) throw new Error('the id of the key is wrong')
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), typed.subarray(1)])
  return { name, id, text, publicKey: createPublicKey({ key: der, format: 'der', type: 'spki' }) }
}

/** C2SP signed note: the text, if this key has signed it. */
function openNote(note, key) {
  const end = note.lastIndexOf('\n\n')
  const text = note.slice(0, end + 1)
  const signatures = note
    .slice(end + 2)
    .split('\n')
    .filter((line) => line.startsWith(`\u2014 ${key.name} `))
  const bytes = signatures.map((line) => Buffer.from(line.split(' ')[2], 'base64'))
  const ours = bytes.filter((signature) => signature.subarray(0, 4).toString('hex') === key.id)
  if (end < 0 || ours.length === 0) throw new Error(`not signed by ${key.text}`)
  for (const signature of ours) {
    if (!verify(null, Buffer.from(text), key.publicKey, signature.subarray(4)))
      throw new Error('the signature does not hold')
  }
  return text
}

/** RFC 9162, 2.1.3.2. */
function proves(index, size, leaf, root, proof) {
  if (index >= size) return false
  let fn = index
  let sn = size - 1
  let hash = leaf
  for (const step of proof) {
    if (sn === 0) return false
    if (fn % 2 === 1 || fn === sn) {
      hash = nodeHash(step, hash)
      while (fn % 2 === 0 && fn !== 0) {
        fn = fn / 2
        sn = Math.floor(sn / 2)
      }
    } else hash = nodeHash(hash, step)
    fn = Math.floor(fn / 2)
    sn = Math.floor(sn / 2)
  }
  return sn === 0 && hash.equals(root)
}

/** A tree that grows: the hash of each complete subtree on its right edge. */
const edge = []
let grown = 0
function grow(leaf) {
  let hash = leaf
  for (let size = ++grown; size % 2 === 0; size /= 2) hash = nodeHash(edge.pop(), hash)
  edge.push(hash)
}
const rootOfEdge = () => (edge.length === 0 ? sha256('') : edge.reduceRight((right, left) => nodeHash(left, right)))

const stampsAsked = new Map()
let stamps = 0
const bytesSeen = createHash('sha256')
let header
let key
let head
let end
let records = 0
let attachments = 0
let lastIndex = -1
let lastLeaf = ''

function takeHeader(line) {
  header = line
  if (header.format !== 'counterfoil.ledger/1') wrong(`unknown format ${header.format}`)
  key = readKey(givenKey ?? header.key)
  if (key.text !== header.key) wrong('the file names another key than the one given')
  if (key.name !== header.origin) wrong('the key is of another ledger')
  const [origin, size, root] = openNote(header.checkpoint, key).split('\n')
  if (origin !== key.name) wrong('the checkpoint is of another ledger')
  head = { size: Number(size), root: Buffer.from(root, 'base64') }
}

function takeRecord({ index, leaf, hash, proof }) {
  records++
  if (!Number.isSafeInteger(index) || typeof leaf !== 'string') return wrong('no record')
  const record = JSON.parse(leaf)
  if (canonical(record) !== leaf) wrong(`record ${index}: its text is not canonical`)
  if (record.kind === 'user.created' || record.kind === 'user.changed') takePerson(record)
  if (record.kind === 'approval.signed') takeApproval(index, record)
  if (['reply.released', 'reply.second-asked'].includes(record.kind) && record.body.signed) takeRelease(index, record)
  const own = leafHash(Buffer.from(leaf))
  if (own.toString('base64') !== hash) wrong(`record ${index}: its text does not give its hash`)
  if (index <= lastIndex) wrong(`record ${index}: out of order or twice`)
  if (header.scope.kind === 'all') {
    if (index !== lastIndex + 1) wrong(`record ${index}: records before it are missing`)
    grow(own)
  } else if (
    !proves(
      index,
      head.size,
      own,
      head.root,
      (proof ?? []).map((step) => Buffer.from(step, 'base64')),
    )
  ) {
    wrong(`record ${index}: its proof does not lead to the signed root`)
  }
  if (record.kind === 'ledger.stamp-asked')
    stampsAsked.set(record.id, { size: index + 1, root: header.scope.kind === 'all' ? rootOfEdge() : null })
  if (record.kind === 'ledger.stamped') takeStamp(index, record.body)
  lastIndex = index
  lastLeaf = leaf
}

/** A time stamp is over a head that this key signed, and that these records lead to. The token itself is for `openssl ts -verify` (docs/ledger.md). */
function takeStamp(index, body) {
  stamps++
  const [origin, size, root] = openNote(body.checkpoint, key).split('\n')
  const asked = stampsAsked.get(body.asked)
  if (origin !== key.name || Number(size) !== body.size || body.size > index)
    wrong(`record ${index}: the time stamp is of another head than it says`)
  if (!asked && header.scope.kind === 'all') wrong(`record ${index}: no record before asked for this time stamp`)
  if (asked && (asked.size !== body.size || (asked.root && !asked.root.equals(Buffer.from(root, 'base64')))))
    wrong(`record ${index}: what was stamped is not the ledger as its records were then`)
}

/** The two shapes of a COSE_Key (RFC 9052) that passkeys bring, and RSA, as [key, hash]. Its CBOR is a map of small integers to integers and bytes. */
function coseKey(bytes) {
  let at = 1
  const head = () => {
    const first = bytes[at++]
    const width = (first & 31) < 24 ? 0 : 2 ** ((first & 31) - 24)
    const value = width === 0 ? first & 31 : bytes.readUIntBE(at, width)
    at += width
    return [first >> 5, value]
  }
  const item = () => {
    const [major, value] = head()
    if (major === 0) return value
    if (major === 1) return -1 - value
    at += value
    return bytes.subarray(at - value, at).toString('base64url')
  }
  if (bytes[0] >> 5 !== 5) throw new Error('no COSE key')
  const map = new Map(Array.from({ length: bytes[0] & 31 }, () => [item(), item()]))
  if (at !== bytes.length) throw new Error('something stands behind the COSE key')
  const jwk = (key) => createPublicKey({ key, format: 'jwk' })
  if (map.get(3) === -7) return [jwk({ kty: 'EC', crv: 'P-256', x: map.get(-2), y: map.get(-3) }), 'sha256']
  if (map.get(3) === -8) return [jwk({ kty: 'OKP', crv: 'Ed25519', x: map.get(-2) }), null]
  if (map.get(3) === -257) return [jwk({ kty: 'RSA', n: map.get(-1), e: map.get(-2) }), 'sha256']
  throw new Error('a COSE key of an algorithm that no passkey here has')
}

const roles = new Map()
const shut = new Set()
const passkeys = new Map()
const removed = new Set()
const nonces = new Set()
const counters = new Map()
const approvers = ['administrator', 'lead', 'analyst', 'approver', 'asset-owner']
const releasers = ['administrator', 'lead', 'analyst', 'approver']
let approvals = 0
let releases = 0

/** Who had which role and which passkey, as the records go by; an approval is checked against what stands before it (docs/approvals.md). */
function takePerson({ subject, body }) {
  if (typeof body.role === 'string') roles.set(subject, body.role)
  if (body.disabled === true) shut.add(subject)
  if (body.disabled === false) shut.delete(subject)
  if (typeof body.passkeyRemoved === 'string') removed.add(body.passkeyRemoved)
  if (typeof body.passkey === 'string') removed.delete(body.passkey)
  if (typeof body.passkey === 'string') passkeys.set(body.passkey, { user: subject, sha256: body.publicKeySha256 })
}

function takeApproval(index, { at, actor, subject, body }) {
  approvals++
  const no = (says) => wrong(`record ${index}, an approval: ${says}`)
  const statement = JSON.parse(body.statement)
  if (statement.statement !== 'counterfoil/approval/1') no('a statement of another kind')
  if (sha256(body.subject).toString('hex') !== statement.subject.sha256)
    no('what was approved is not what the statement names')
  if (body.approval !== statement.approval || body.verdict !== statement.verdict)
    no('it says something else than its statement')
  if (subject !== `approval:${statement.approval}`) no('it is of another person or approval than its statement')
  takeSignature(no, { at, actor, signed: body, statement, may: approvers })
}

/** A release of an answer: the record must say what was signed. The mail itself stands behind it where replies were exported, by its SHA-256. */
function takeRelease(index, { at, actor, subject, kind, body }) {
  releases++
  const no = (says) => wrong(`record ${index}, a release: ${says}`)
  const statement = JSON.parse(body.signed.statement)
  const same = (what, said, meant) => {
    if (said === undefined || canonical(said) !== canonical(meant))
      no(`it says something else than its statement: ${what}`)
  }
  if (statement.statement !== 'counterfoil/release/1') no('a statement of another kind')
  if (subject !== `reply:${statement.reply}`) no('it is of another person or answer than its statement')
  same('the answer', body.replyId, statement.reply)
  same('the bytes', body.sha256, statement.subject.sha256)
  same('the Message-ID', body.messageId, statement.subject.messageId)
  same('the mail in the clear', body.clearSha256 ?? null, statement.clearSha256)
  same('how it is signed and encrypted', body.protection ?? null, statement.protection)
  same('why one is not enough', body.because, statement.because)
  if (statement.release !== (kind === 'reply.released' ? 'second' : 'first'))
    no('it is another release than its statement')
  if ((statement.release === 'second') !== (statement.first !== null)) no('it does not say who released it first')
  if (statement.first?.by === `user:${statement.who.user}`) no('one person released it twice')
  if (kind === 'reply.released') {
    same('the alert', body.alertId, statement.alert)
    same('the size', body.sizeBytes, statement.subject.sizeBytes)
    same('the recipients', body.to, statement.to)
    same('whether it is a dry run', body.dryRun, statement.dryRun)
    same('who released it first', body.first, statement.first?.by ?? null)
    const files = statement.files.map(canonical)
    for (const file of body.files ?? []) if (!files.includes(canonical(file))) no('it names a file that was not signed')
  }
  takeSignature(no, { at, actor, signed: body.signed, statement, may: releasers })
}

function takeSignature(no, { at, actor, signed, statement, may }) {
  const bytes = (text) => Buffer.from(text, 'base64url')
  const client = JSON.parse(bytes(signed.clientData))
  const data = bytes(signed.authenticatorData)
  const who = `user:${statement.who.user}`
  if (canonical(statement) !== signed.statement) no('its statement is not canonical')
  if (actor !== who) no('it is of another person than its statement')
  if (Math.abs(Date.parse(at) - Date.parse(statement.at)) > 600_000) no('it is of another time than its statement')
  if (client.type !== 'webauthn.get') no('no sign of a passkey')
  if (client.challenge !== sha256(signed.statement).toString('base64url')) no('another statement was signed')
  if (client.origin !== statement.origin) no(`it was signed on ${client.origin}`)
  if (!data.subarray(0, 32).equals(sha256(statement.rpId))) no(`the passkey is not of ${statement.rpId}`)
  if ((data[32] & 5) !== 5) no('the person was not verified')
  const counter = data.readUInt32BE(33)
  const before = Math.max(signed.counter, counters.get(signed.credential) ?? 0)
  if ((before > 0 || counter > 0) && counter <= before) no('the counter did not go on: played again, or a copied key')
  counters.set(signed.credential, counter)
  if (nonces.has(statement.nonce)) no('this statement was signed before: played again')
  nonces.add(statement.nonce)
  const [publicKey, hash] = coseKey(bytes(signed.publicKey))
  if (!verify(hash, Buffer.concat([data, sha256(bytes(signed.clientData))]), publicKey, bytes(signed.signature)))
    no('the signature is not of this key over this statement')
  const key = passkeys.get(signed.credential)
  if (key && key.user !== who) no('the passkey is of another person')
  if (removed.has(signed.credential)) no('the passkey was removed before')
  if (key?.sha256 && key.sha256 !== sha256(bytes(signed.publicKey)).toString('hex'))
    no('the key is not the one that was registered')
  if (!may.includes(statement.who.role)) no(`nobody with the role ${statement.who.role} may sign`)
  if (shut.has(who)) no('the account was shut then')
  if (roles.has(who) && roles.get(who) !== statement.who.role)
    no(`by the records before, the role was ${roles.get(who)}`)
  if (header.scope.kind !== 'all') return
  if (!key) no('no record before says that this passkey was registered')
  if (!roles.has(who)) no('no record before says that this person has an account')
}

function takeAttachment(line) {
  attachments++
  const digest = sha256(Buffer.from(line.bytes, 'base64')).toString('hex')
  if (digest !== line.sha256) wrong('the attached bytes do not give their digest')
  if (!lastLeaf.includes(line.sha256)) wrong('the record before does not name these bytes')
}

function takeEnd(line) {
  end = line.end
  const digest = bytesSeen.digest('hex')
  if (end.sha256 !== digest) wrong('the digest is not that of the file')
  if (end.records !== records || end.attachments !== attachments) wrong('the counts are not those of the file')
  const text = `counterfoil.ledger/1 export\n${key.name}\n${records}\n${attachments}\n${digest}\n`
  if (openNote(line.note, key) !== text) wrong('something else was signed under the file')
}

/** Lines end in a newline and in nothing else: node:readline would cut at U+2028 as well, which may stand in a record. */
async function* linesOf(chunks) {
  let rest = []
  for await (const chunk of chunks) {
    let from = 0
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      yield new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
        Buffer.concat([...rest, chunk.subarray(from, at)]),
      )
      rest = []
      from = at + 1
    }
    rest.push(chunk.subarray(from))
  }
  if (Buffer.concat(rest).length > 0) wrong('the last line has no end')
}

for await (const text of linesOf(createReadStream(file))) {
  lineNumber++
  try {
    const line = JSON.parse(text)
    if (canonical(line) !== text) wrong('the line is not canonical JSON')
    if (end) wrong('something stands behind the last line')
    else if (line.end) {
      takeEnd(line)
      continue
    }
    bytesSeen.update(`${text}\n`)
    if (lineNumber === 1) takeHeader(line)
    else if ('attachment' in line) takeAttachment(line)
    else takeRecord(line)
  } catch (error) {
    wrong(error.message)
  }
  if (problems.length > 100 || !head) break
}
if (!end) wrong('the file is cut short')
if (header?.scope?.kind === 'all' && head) {
  if (grown !== head.size) wrong(`${head.size} records are signed, ${grown} are in the file`)
  else if (!rootOfEdge().equals(head.root)) wrong('the records do not lead to the signed root')
}

for (const problem of problems) console.log(problem)
console.log(problems.length === 0 ? 'It holds.' : 'It does not hold.')
console.log(
  `${records} records, ${approvals} signed approvals, ${releases} signed releases, ${attachments} attachments, signed at ${head?.size ?? '?'}; ledger ${header?.origin ?? '?'}; key ${key?.text ?? '?'}`,
)
if (stamps > 0)
  console.log(
    `${stamps} time stamps are over heads of this ledger; that an authority made them is for openssl: docs/ledger.md`,
  )
if (!givenKey) console.log('The key is the one in the file: compare it with one you got another way.')
process.exitCode = problems.length === 0 ? 0 : 1
