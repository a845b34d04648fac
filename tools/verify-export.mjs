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
  if (canonical(JSON.parse(leaf)) !== leaf) wrong(`record ${index}: its text is not canonical`)
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
  lastIndex = index
  lastLeaf = leaf
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
  `${records} records, ${attachments} attachments, signed at ${head?.size ?? '?'}; ledger ${header?.origin ?? '?'}; key ${key?.text ?? '?'}`,
)
if (!givenKey) console.log('The key is the one in the file: compare it with one you got another way.')
process.exitCode = problems.length === 0 ? 0 : 1
