import type { Field, Parameters } from './header-fields.ts'
import { fieldsOf, lastOf, parseParameters } from './header-fields.ts'
import { depthMax, headerBytesMax, partHeaderBytesMax, partsMax } from './limits.ts'
import { decodeTransfer } from './transfer-encoding.ts'

/** One MIME entity. `path` is numbered as IMAP does it: "1" or "1.2"; a forwarded mail's own parts hang under its path. */
export type MimePart = {
  readonly path: string
  readonly fields: readonly Field[]
  /** Media type, lower-case, with its parameters. */
  readonly type: Parameters
  readonly disposition: Parameters
  readonly encoding: string
  /** Bytes as they stand in the mail, still encoded; empty for containers. */
  readonly body: Buffer
  readonly children: readonly MimePart[]
}

export type MimeTree = { readonly root: MimePart; readonly warnings: readonly string[]; readonly headerCut: boolean }

type Reader = {
  readonly bytes: Buffer
  at: number
  readonly boundaries: string[]
  parts: number
  readonly warnings: Set<string>
  headerCut: boolean
}
type Defaults = { readonly path: string; readonly depth: number; readonly type: string }

const newline = 0x0a
/** RFC 2046 allows 70; the longest seen has 900. */
const boundaryCharactersMax = 998

/**
 * The structure of a mail in one pass over its bytes, iterating from delimiter line to delimiter line; never throws. Time is linear in the size:
 * a line is compared only when it begins with "--", and then looked up among at most `depthMax` boundaries.
 */
export function readMimeTree(bytes: Buffer): MimeTree {
  const reader: Reader = { bytes, at: 0, boundaries: [], parts: 0, warnings: new Set(), headerCut: false }
  const root = readEntity(reader, { path: '', depth: 0, type: 'text/plain' })
  return { root, warnings: [...reader.warnings], headerCut: reader.headerCut }
}

/** End of the line that begins at `from` (index after its newline). */
function lineEnd(bytes: Buffer, from: number): number {
  const end = bytes.indexOf(newline, from)
  return end < 0 ? bytes.length : end + 1
}

/** Which open boundary the line at `from` is a delimiter of: its depth in the stack and whether it closes.  */
function delimiterAt(reader: Reader, from: number): { depth: number; closes: boolean; end: number } | null {
  const { bytes, boundaries } = reader
  if (boundaries.length === 0 || bytes[from] !== 0x2d || bytes[from + 1] !== 0x2d) return null
  const end = lineEnd(bytes, from)
  if (end - from > boundaryCharactersMax + 20) return null
  const line = bytes.toString('latin1', from + 2, end).trimEnd()
  let depth = boundaries.lastIndexOf(line)
  if (depth >= 0) return { depth, closes: false, end }
  if (!line.endsWith('--')) return null
  depth = boundaries.lastIndexOf(line.slice(0, -2).trimEnd())
  return depth >= 0 ? { depth, closes: true, end } : null
}

/** Start of the next delimiter line of any open boundary, from a line start on; the end of the bytes if there is none. */
function nextDelimiter(reader: Reader, from: number): number {
  if (delimiterAt(reader, from) !== null) return from
  if (reader.boundaries.length === 0) return reader.bytes.length
  let at = from
  for (;;) {
    const found = reader.bytes.indexOf('\n--', at)
    if (found < 0) return reader.bytes.length
    if (delimiterAt(reader, found + 1) !== null) return found + 1
    at = found + 1
  }
}

/** Header block from reader.at on; ends at an empty line, at a delimiter of an open boundary, or at the end. */
function readHeader(reader: Reader, isRoot: boolean): Field[] {
  const { bytes } = reader
  const start = reader.at
  const cap = start + (isRoot ? headerBytesMax : partHeaderBytesMax)
  let at = start
  let blockEnd = -1
  while (at < bytes.length && at < cap) {
    const end = lineEnd(bytes, at)
    if (isBlankLine(bytes, at, end)) {
      blockEnd = at
      reader.at = end
      break
    }
    if (delimiterAt(reader, at) !== null) {
      blockEnd = at
      reader.at = at
      break
    }
    at = end
  }
  if (blockEnd < 0 && at >= bytes.length) {
    blockEnd = bytes.length
    reader.at = bytes.length
  } else if (blockEnd < 0) {
    blockEnd = cap
    reader.at = skipToBody(bytes, cap)
    reader.headerCut ||= isRoot
    reader.warnings.add(
      isRoot ? `header cut at ${headerBytesMax / 1024} KB` : `header of a part cut at ${partHeaderBytesMax / 1024} KB`,
    )
  }
  const { fields, odd } = fieldsOf(bytes.toString('latin1', start, Math.min(blockEnd, cap)))
  if (odd)
    reader.warnings.add(
      isRoot ? 'a header line that is no header field' : 'a header line of a part that is no header field',
    )
  return fields
}

function isBlankLine(bytes: Buffer, start: number, end: number): boolean {
  return (
    end - start === 0 ||
    (bytes[start] === newline && end - start === 1) ||
    (end - start === 2 && bytes[start] === 0x0d && bytes[start + 1] === newline)
  )
}

/** After the first empty line behind `from`; the end where there is none. */
function skipToBody(bytes: Buffer, from: number): number {
  const crlf = bytes.indexOf('\n\r\n', from)
  const lf = bytes.indexOf('\n\n', from)
  if (crlf < 0 && lf < 0) return bytes.length
  return lf < 0 || (crlf >= 0 && crlf < lf) ? crlf + 3 : lf + 2
}

function readEntity(reader: Reader, defaults: Defaults): MimePart {
  reader.parts++
  const fields = readHeader(reader, defaults.depth === 0)
  const contentType = lastOf(fields, 'content-type')
  let type = parseParameters(contentType ?? '')
  if (!/^[^\s/]+\/[^\s/]+$/.test(type.value)) {
    if (contentType !== null && contentType.trim() !== '')
      reader.warnings.add(`Content-Type that is none ("${contentType.slice(0, 40)}")`)
    type = { value: defaults.type, parameters: type.parameters }
  }
  const part = {
    fields,
    type,
    disposition: parseParameters(lastOf(fields, 'content-disposition') ?? ''),
    encoding: encodingOf(lastOf(fields, 'content-transfer-encoding') ?? ''),
  }
  const leafPath = defaults.path === '' || defaults.path.endsWith('.') ? `${defaults.path}1` : defaults.path
  const boundary = type.parameters.get('boundary')?.trimEnd() ?? ''
  if (type.value.startsWith('multipart/')) {
    if (boundary === '' || boundary.length > boundaryCharactersMax)
      reader.warnings.add('multipart without a usable boundary')
    else if (defaults.depth >= depthMax) reader.warnings.add(`parts nested deeper than ${depthMax} are not read`)
    else
      return {
        ...part,
        path: defaults.path,
        body: Buffer.alloc(0),
        children: readChildren(reader, defaults, boundary, type.value),
      }
  }
  const start = reader.at
  if (isForwarded(type.value) && defaults.depth < depthMax && ['', '7bit', '8bit', 'binary'].includes(part.encoding)) {
    const child = readEntity(reader, { path: `${leafPath}.`, depth: defaults.depth + 1, type: 'text/plain' })
    return { ...part, path: leafPath, body: bodyOf(reader, start), children: [child] }
  }
  reader.at = nextDelimiter(reader, start)
  const body = bodyOf(reader, start)
  if (isForwarded(type.value) && defaults.depth < depthMax) {
    return {
      ...part,
      path: leafPath,
      body,
      children: [forwardedEncoded(reader, body, part.encoding, leafPath, defaults.depth)],
    }
  }
  return { ...part, path: leafPath, body, children: [] }
}

/** "Quoted Printable" and "7-bit" are seen in real mail; "plain" and "none" mean no encoding. */
function encodingOf(value: string): string {
  const word = value
    .replace(/[;(].*$/, '')
    .toLowerCase()
    .replace(/["\s_]/g, '')
  if (word === 'quotedprintable') return 'quoted-printable'
  return /^(?:[78]-?bits?|plain|none|text)$/.test(word) ? '8bit' : word
}

function isForwarded(type: string): boolean {
  return type === 'message/rfc822' || type === 'message/global'
}

/** A forwarded mail that came as base64 or quoted-printable (against RFC 2046, but seen): read in its own right. */
function forwardedEncoded(reader: Reader, body: Buffer, encoding: string, path: string, depth: number): MimePart {
  const inner: Reader = {
    bytes: decodeTransfer(body, encoding).bytes,
    at: 0,
    boundaries: [],
    parts: reader.parts,
    warnings: reader.warnings,
    headerCut: false,
  }
  const child = readEntity(inner, { path: `${path}.`, depth: depth + 1, type: 'text/plain' })
  reader.parts = inner.parts
  return child
}

/** From `start` to where the reader stands, without the line break that belongs to the delimiter (RFC 2046 section 5.1.1). */
function bodyOf(reader: Reader, start: number): Buffer {
  let end = reader.at
  if (end < reader.bytes.length && end > start && reader.bytes[end - 1] === newline) {
    end--
    if (end > start && reader.bytes[end - 1] === 0x0d) end--
  }
  return reader.bytes.subarray(start, end)
}

function childPath(parent: string, number: number): string {
  if (parent === '') return String(number)
  return parent.endsWith('.') ? `${parent}${number}` : `${parent}.${number}`
}

function readChildren(reader: Reader, defaults: Defaults, boundary: string, type: string): MimePart[] {
  const { boundaries } = reader
  const depth = boundaries.length
  boundaries.push(boundary)
  const children: MimePart[] = []
  let closed = false
  for (;;) {
    reader.at = nextDelimiter(reader, reader.at)
    const delimiter = delimiterAt(reader, reader.at)
    if (delimiter === null) {
      if (!closed)
        reader.warnings.add(
          children.length === 0 ? 'multipart in which its boundary never comes' : 'multipart that is not closed',
        )
      break
    }
    // A delimiter of an outer multipart ends this one.
    if (delimiter.depth < depth) break
    reader.at = delimiter.end
    if (delimiter.closes) {
      closed = true
      // What follows is the epilogue, up to a delimiter of an outer multipart.
      boundaries.length = depth
      reader.at = nextDelimiter(reader, reader.at)
      break
    }
    if (reader.parts >= partsMax) {
      reader.warnings.add(`more than ${partsMax} parts; the rest is not read`)
      reader.at = reader.bytes.length
      break
    }
    children.push(
      readEntity(reader, {
        path: childPath(defaults.path, children.length + 1),
        depth: defaults.depth + 1,
        type: type === 'multipart/digest' ? 'message/rfc822' : 'text/plain',
      }),
    )
  }
  boundaries.length = depth
  return children
}
