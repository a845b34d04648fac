import { crc32, deflateSync } from 'node:zlib'
import { type Entry, zip } from '../../src/parsers/attachment/archive.ts'

const xml = (text: string) => Buffer.from(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n${text}`)
const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
const w = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
const package_ = 'http://schemas.openxmlformats.org/package/2006'
const office = 'http://schemas.openxmlformats.org/officeDocument/2006'

function paragraph(text: string): string {
  const middle = Math.floor(text.length / 2)
  const run = (piece: string) => `<w:r w:rsidR="00AB12CD"><w:t xml:space="preserve">${escaped(piece)}</w:t></w:r>`
  // As Word does it: a spelling mark or another colour breaks a word into two runs.
  return `<w:p w14:paraId="4F2B1C3D" w:rsidR="00AB12CD"><w:pPr><w:pStyle w:val="Heading1"/></w:pPr>${run(text.slice(0, middle))}<w:proofErr w:type="spellStart"/>${run(text.slice(middle))}</w:p>`
}

export type Document = {
  readonly body?: string
  readonly header?: string
  readonly comment?: string
  readonly deleted?: string
  readonly author?: string
  readonly extra?: readonly Entry[]
}

/** A .docx as Word writes it, made up by us. */
export function docx(parts: Document): Buffer {
  const deleted = `<w:p><w:del w:id="1" w:author="${escaped(parts.author ?? 'Somebody')}"><w:r><w:delText>${escaped(parts.deleted ?? 'gone')}</w:delText></w:r></w:del></w:p>`
  const comment = `<w:comment w:id="0" w:author="${escaped(parts.author ?? 'Somebody')}" w:initials="X">${paragraph(parts.comment ?? 'fine')}</w:comment>`
  return zip([
    {
      name: '[Content_Types].xml',
      bytes: xml(
        `<Types xmlns="${package_}/content-types"><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/><Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>`,
      ),
    },
    {
      name: '_rels/.rels',
      bytes: xml(
        `<Relationships xmlns="${package_}/relationships"><Relationship Id="rId1" Type="${office}/relationships/officeDocument" Target="word/document.xml"/><Relationship Id="rId2" Type="${package_}/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>`,
      ),
    },
    {
      name: 'docProps/core.xml',
      bytes: xml(
        `<cp:coreProperties><dc:creator>${escaped(parts.author ?? 'Somebody')}</dc:creator></cp:coreProperties>`,
      ),
    },
    {
      name: 'word/document.xml',
      bytes: xml(
        `<w:document ${w}><w:body>${paragraph(parts.body ?? 'Nothing happened.')}${deleted}<w:sectPr w:rsidR="00AB12CD"><w:pgSz w:w="11906" w:h="16838"/></w:sectPr></w:body></w:document>`,
      ),
    },
    { name: 'word/header1.xml', bytes: xml(`<w:hdr ${w}>${paragraph(parts.header ?? 'Report')}</w:hdr>`) },
    { name: 'word/comments.xml', bytes: xml(`<w:comments ${w}>${comment}</w:comments>`) },
    {
      name: 'word/styles.xml',
      bytes: xml(
        `<w:styles ${w}><w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/><w:uiPriority w:val="9"/><w:rPr><w:rFonts w:ascii="Calibri Light" w:hAnsi="Calibri Light"/><w:color w:val="2F5496"/><w:sz w:val="32"/></w:rPr></w:style></w:styles>`,
      ),
    },
    ...(parts.extra ?? []),
  ])
}

/** A .xlsx with one row of cells that share texts, one with its own, and a sheet of this name. */
export function xlsx(cells: { readonly shared?: string; readonly own?: string; readonly sheet?: string }): Buffer {
  const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
  return zip([
    { name: '[Content_Types].xml', bytes: xml(`<Types xmlns="${package_}/content-types"/>`) },
    {
      name: 'xl/workbook.xml',
      bytes: xml(
        `<workbook xmlns="${main}"><sheets><sheet name="${escaped(cells.sheet ?? 'Figures')}" sheetId="1" r:id="rId1"/></sheets></workbook>`,
      ),
    },
    {
      name: 'xl/sharedStrings.xml',
      bytes: xml(
        `<sst xmlns="${main}"><si><t>Seen</t></si><si><t xml:space="preserve">${escaped(cells.shared ?? 'nothing')}</t></si><si/></sst>`,
      ),
    },
    {
      name: 'xl/worksheets/sheet1.xml',
      bytes: xml(
        `<worksheet xmlns="${main}"><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row><row r="2"><c r="A2"><v>214</v></c><c r="B2" t="inlineStr"><is><t>${escaped(cells.own ?? 'none')}</t></is></c></row></sheetData><pageSetup paperSize="9" orientation="portrait"/></worksheet>`,
      ),
    },
  ])
}

function chunk(name: string, content: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(name), content])
  const ends = Buffer.alloc(8)
  ends.writeUInt32BE(content.length, 0)
  ends.writeUInt32BE(crc32(typed), 4)
  return Buffer.concat([ends.subarray(0, 4), typed, ends.subarray(4)])
}

/** A grey PNG of one point that says this in a text chunk and in its EXIF, and once more behind its end. */
export function png(says: string): Buffer {
  const head = Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0])
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', head),
    chunk('tEXt', Buffer.from(`Author\0${says}`)),
    chunk('eXIf', Buffer.from(`MM\0*${says}`)),
    chunk('IDAT', deflateSync(Buffer.from([0, 128]))),
    chunk('IEND', Buffer.alloc(0)),
    Buffer.from(says),
  ])
}

function segment(marker: number, content: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0])
  head.writeUInt16BE(content.length + 2, 2)
  return Buffer.concat([head, content])
}

/** The bones of a JPEG that says this in EXIF, XMP, IPTC and a comment, in the small picture of its header, and behind its end. */
export function jpeg(says: string): Buffer {
  const thumbnail = Buffer.concat([Buffer.from('JFIF\0\x01\x02\0\0\x01\0\x01\x04\x01', 'latin1'), Buffer.from(says)])
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    segment(0xe0, thumbnail),
    segment(0xe1, Buffer.from(`Exif\0\0${says}`)),
    segment(0xe1, Buffer.from(`http://ns.adobe.com/xap/1.0/\0${says}`)),
    segment(0xed, Buffer.from(`Photoshop 3.0\0${says}`)),
    segment(0xfe, Buffer.from(says)),
    segment(0xdb, Buffer.alloc(65, 1)),
    segment(0xda, Buffer.alloc(10)),
    Buffer.from([0x12, 0xff, 0x00, 0x34, 0xff, 0xd0, 0x56]),
    Buffer.from([0xff, 0xd9]),
    Buffer.from(says),
  ])
}

/** A mail with this in a field, a part in quoted-printable, one in base64, a part of HTML, and a text before the first part. */
export function eml(says: {
  readonly field?: string
  readonly base64?: string
  readonly html?: string
  readonly before?: string
}): Buffer {
  const word = `=?utf-8?B?${Buffer.from(says.field ?? 'Report').toString('base64')}?=`
  return Buffer.from(
    [
      'From: soc@provider.example',
      'To: desk@customer.example',
      `Subject: ${word}`,
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary="b"',
      '',
      says.before ?? 'This is a mail in parts.',
      '--b',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: base64',
      '',
      Buffer.from(says.base64 ?? 'Nothing happened.').toString('base64'),
      '--b',
      'Content-Type: text/html; charset=utf-8',
      '',
      `<p>${escaped(says.html ?? 'Nothing happened.')}</p>`,
      '--b--',
      '',
    ].join('\r\n'),
  )
}
