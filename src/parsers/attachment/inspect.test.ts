import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PDFDocument } from '@cantoo/pdf-lib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { docx, eml, jpeg, png, xlsx } from '../../../test/leaks/files.ts'
import { takeApart } from '../../intake/mail/take-apart.ts'
import { unzip, zip } from './archive.ts'
import { inspectFile } from './inspect.ts'
import { depthMax, partsMax, pdfsMax, textCharsMax, unpackedBytesMax } from './limits.ts'
import { inspectPdf } from './pdf.ts'

const look = (name: string, bytes: Uint8Array) => inspectFile(name, bytes, { mail: takeApart, pdf: inspectPdf })
const budget = () => ({ bytesLeft: unpackedBytesMax, partsLeft: partsMax, pdfsLeft: pdfsMax })
const text = Buffer.from('Nothing happened.')

function nested(depth: number): Buffer {
  return depth === 0 ? text : zip([{ name: depth === 1 ? 'a.txt' : 'a.zip', bytes: nested(depth - 1) }])
}

/** Sets the flag that a packed file is encrypted, in both of its headers. */
function encrypted(): Buffer {
  const bytes = zip([{ name: 'a.txt', bytes: text }])
  bytes[6] = 1
  const directory = bytes.indexOf(Buffer.from([0x50, 0x4b, 1, 2]))
  bytes[directory + 8] = 1
  return bytes
}

// biome-ignore format: a table
const blocked: readonly (readonly [what: string, name: string, bytes: () => Buffer, why: RegExp])[] = [
  ['an encrypted ZIP', 'a.zip', encrypted, /encrypted/],
  ['a bomb', 'a.zip', () => zip([{ name: 'a.txt', bytes: Buffer.alloc(20 * 1024 * 1024, 0x61) }]), /times its size/],
  ['more than may be unpacked', 'a.zip', () => zip([{ name: 'a.txt', bytes: Buffer.alloc(unpackedBytesMax + 1, 0x61) }]), /unpacks to more/],
  ['files too deep in each other', 'a.zip', () => nested(depthMax + 2), /deep in each other/],
  ['too many files', 'a.zip', () => zip(Array.from({ length: partsMax + 1 }, (_, i) => ({ name: `${i}.txt`, bytes: text }))), /too many files/],
  ['one name twice', 'a.zip', () => zip([{ name: 'a.txt', bytes: text }, { name: 'A.TXT', bytes: text }]), /twice/],
  ['a ZIP cut short', 'a.zip', () => zip([{ name: 'a.txt', bytes: text }]).subarray(0, 60), /no whole ZIP/],
  ['a program in a ZIP', 'a.zip', () => zip([{ name: 'a.exe', bytes: Buffer.from('MZ\x90\0\x03\0') }]), /program/],
  ['macros', 'a.docx', () => docx({ extra: [{ name: 'word/vbaProject.bin', bytes: Buffer.from([1]) }] }), /macros/],
  ['a file of old Office, or one with a password', 'a.docx', () => Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1]), /password/],
  ['an unknown part of a document', 'a.docx', () => docx({ extra: [{ name: 'word/embeddings/x.bin', bytes: Buffer.from([1, 0, 2]) }] }), /kind that nobody/],
  ['an unknown binary', 'a.dat', () => Buffer.from([1, 0, 2, 0, 3]), /kind that nobody/],
  ['a binary that calls itself a text', 'a.txt', () => Buffer.from('a\0b'), /kind that nobody/],
  ['another archive', 'a.gz', () => Buffer.from([0x1f, 0x8b, 8, 0]), /other than ZIP/],
  ['another picture', 'a.gif', () => Buffer.from('GIF89a'), /other than PNG/],
  ['an encrypted text', 'a.asc', () => Buffer.from('-----BEGIN PGP MESSAGE-----\n\nhQEMA\n'), /encrypted/],
  ['a picture cut short', 'a.png', () => png('x').subarray(0, 40), /cut short/],
  ['more text than is looked through', 'a.txt', () => Buffer.alloc(textCharsMax + 1, 0x61), /characters of text/],
  ['a mail that is not whole', 'a.eml', () => eml({}).subarray(0, -8), /not whole/],
  ['a mail with a picture that tells where it was taken', 'a.eml', () => Buffer.from(eml({}).toString().replace('text/html; charset=utf-8\r\n\r\n', `image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n${png('here').toString('base64')}\r\n`)), /carries/],
]
test.each(blocked)('%s is blocked, with the reason and what to do', async (_what, name, bytes, why) => {
  const made = await look(name, bytes())
  expect(made).toMatchObject({ kind: 'blocked', why: expect.stringMatching(why), next: expect.stringMatching(/\w/) })
})

test('every kind is told by its bytes, whatever the name says', async () => {
  const files = [docx({}), xlsx({}), zip([{ name: 'a.txt', bytes: text }]), png('x'), jpeg('x'), text]
  const made = await Promise.all(files.map((bytes) => look('x.bin', bytes)))
  expect(made.map(({ kind }) => kind)).toEqual(['document', 'workbook', 'archive', 'picture', 'picture', 'text'])
  expect((await look('x.eml', eml({}))).kind).toBe('mail')
  expect((await look('x', Buffer.from('<!DOCTYPE html><html><p>hi</p></html>'))).kind).toBe('web-page')
})

test('properties, authors and printers are taken out of a document, and it stays whole', async () => {
  const made = await look('a.docx', docx({ author: 'Mara Weissenborn', body: 'Nothing <here> & "there".' }))
  if (made.kind === 'blocked') throw new Error(made.why)
  expect(made.stripped).toEqual(['author, dates and title', 'names of who commented or changed'])
  const parts = unzip(Buffer.from(made.bytes), budget())
  expect(parts.map(({ name }) => name)).not.toContain('docProps/core.xml')
  for (const part of parts) expect(part.bytes.toString()).not.toMatch(/Weissenborn|docProps|core-properties/)
  expect(made.text).toContain('Nothing <here> & "there".')
})

test('what we pack is unpacked by Info-ZIP’s judge in Python, file for file', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cf-zip-'))
  try {
    const file = path.join(folder, 'a.zip')
    writeFileSync(
      file,
      zip([
        { name: 'ä/ö.txt', bytes: text },
        { name: 'b.bin', bytes: Buffer.from([1, 2, 3]) },
      ]),
    )
    const script =
      'import zipfile,sys,json\nz=zipfile.ZipFile(sys.argv[1])\nprint(json.dumps([z.testzip(),[[i.filename,z.read(i).decode("latin1")] for i in z.infolist()]]))'
    const told: unknown = JSON.parse(execFileSync('python3', ['-c', script, file], { encoding: 'utf8' }))
    expect(told).toEqual([
      null,
      [
        ['ä/ö.txt', 'Nothing happened.'],
        ['b.bin', '\x01\x02\x03'],
      ],
    ])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('whatever the bytes, they are looked into or blocked: nothing is thrown, and nothing leaves that was cut', async () => {
  const begins = fc.constantFrom(
    docx({}),
    xlsx({}),
    png('x'),
    jpeg('x'),
    eml({}),
    zip([{ name: 'a.txt', bytes: text }]),
  )
  await fc.assert(
    fc.asyncProperty(
      begins,
      fc.nat(4000),
      fc.uint8Array({ maxLength: 40 }),
      fc.boolean(),
      async (base, at, put, cut) => {
        const from = at % base.length
        const bytes = Buffer.concat([
          base.subarray(0, from),
          put,
          cut ? Buffer.alloc(0) : base.subarray(from + put.length),
        ])
        const made = await look('x', bytes)
        if (made.kind === 'blocked') expect(made.why).not.toBe('')
        else expect((await look('x', made.bytes)).kind).not.toBe('blocked')
      },
    ),
    { numRuns: 400 },
  )
})

/** A PDF that says who made it. */
async function report(author: string, script = false): Promise<Buffer> {
  const made = await PDFDocument.create()
  made.addPage().drawText('Nothing happened on ws-0417.')
  made.setAuthor(author)
  if (script) made.addJavaScript('open', 'app.alert(1)')
  return Buffer.from(await made.save({ useObjectStreams: false }))
}

test('a PDF in an archive is written anew as one alone is, and one that runs something keeps all of it here', async () => {
  const pdf = await report('Mara Weissenborn')
  const made = await look('a.zip', zip([{ name: 'in/a.zip', bytes: zip([{ name: 'report.pdf', bytes: pdf }]) }]))
  if (made.kind === 'blocked') throw new Error(made.why)
  expect(made.text).toContain('ws-0417')
  expect(made.unread).toEqual(['in/a.zip/report.pdf/the pages as they look'])
  const [inner] = unzip(Buffer.from(made.bytes), budget())
  const [left] = unzip(inner?.bytes ?? Buffer.alloc(0), budget())
  const alone = await look('report.pdf', pdf)
  expect(alone.kind === 'blocked' ? alone.why : Buffer.from(alone.bytes).equals(left?.bytes ?? Buffer.alloc(0))).toBe(
    true,
  )
  expect(left?.bytes.toString('latin1')).not.toMatch(/Weissenborn/)
  const scripted = zip([{ name: 'report.pdf', bytes: await report('', true) }])
  expect(await look('a.zip', scripted)).toMatchObject({
    kind: 'blocked',
    why: expect.stringMatching(/^report\.pdf: .*script/),
  })
  const many = Array.from({ length: pdfsMax + 1 }, (_, i) => ({ name: `${i}.pdf`, bytes: pdf }))
  expect(await look('a.zip', zip(many))).toMatchObject({
    kind: 'blocked',
    why: expect.stringMatching(/more than 20 PDFs/),
  })
}, 60_000)

/** A JPEG with EXIF of a place, held in this way; by the byte order of Intel or of Motorola. */
function held(turned: number, order: 'II' | 'MM'): Buffer {
  const little = order === 'II'
  const tiff = Buffer.alloc(8 + 2 + 24 + 4 + 8)
  tiff.write(order, 0, 'latin1')
  const short = (value: number, at: number) => (little ? tiff.writeUInt16LE(value, at) : tiff.writeUInt16BE(value, at))
  const long = (value: number, at: number) => (little ? tiff.writeUInt32LE(value, at) : tiff.writeUInt32BE(value, at))
  short(42, 2)
  long(8, 4)
  short(2, 8)
  for (const [at, tag, type, n] of [
    [10, 0x010f, 2, 8],
    [22, 0x0112, 3, 1],
  ] as const) {
    short(tag, at)
    short(type, at + 2)
    long(n, at + 4)
  }
  long(38, 18)
  short(turned, 30)
  tiff.write('CAM-OSLO', 38, 'latin1')
  const plain = jpeg('x')
  const exif = Buffer.concat([Buffer.from('Exif\0\0'), tiff])
  const head = Buffer.alloc(4)
  head.writeUInt16BE(0xffe1, 0)
  head.writeUInt16BE(exif.length + 2, 2)
  return Buffer.concat([plain.subarray(0, 2), head, exif, plain.subarray(2)])
}

test.each(['II', 'MM'] as const)('a picture keeps how it was held and nothing else of its EXIF (%s)', async (order) => {
  const made = await look('a.jpg', held(6, order))
  if (made.kind === 'blocked') throw new Error(made.why)
  expect(made.stripped.join()).toMatch(/EXIF/)
  const bytes = Buffer.from(made.bytes)
  expect(bytes.includes('CAM-OSLO')).toBe(false)
  // The whole of what is left: big-endian, one directory, one entry, orientation 6.
  expect(
    bytes.includes(Buffer.from('ffe100224578696600004d4d002a00000008000101120003000000010006000000000000', 'hex')),
  ).toBe(true)
  expect(bytes.toString('latin1').split('Exif').length).toBe(2)
  // Looked into again, as from inside a mail, there is nothing to take out.
  expect(await look('a.jpg', bytes)).toMatchObject({ stripped: [] })
  const upright = await look('a.jpg', held(1, order))
  expect(upright.kind !== 'blocked' && Buffer.from(upright.bytes).includes('Exif')).toBe(false)
})
