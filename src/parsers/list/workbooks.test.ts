import { Readable } from 'node:stream'
import { deflateRawSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { ListNoun } from '../../model/list.ts'
import { readList } from './read-list.ts'

/** A ZIP file of these parts, made by hand. */
function zip(parts: Readonly<Record<string, string>>, flags = 0): Buffer {
  const files: Buffer[] = []
  const directory: Buffer[] = []
  let at = 0
  for (const [name, text] of Object.entries(parts)) {
    const packed = deflateRawSync(Buffer.from(text))
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(8, 8)
    local.writeUInt16LE(name.length, 26)
    const entry = Buffer.alloc(46)
    entry.writeUInt32LE(0x02014b50, 0)
    entry.writeUInt16LE(flags, 8)
    entry.writeUInt16LE(8, 10)
    entry.writeUInt32LE(packed.length, 20)
    entry.writeUInt16LE(name.length, 28)
    entry.writeUInt32LE(at, 42)
    files.push(local, Buffer.from(name), packed)
    directory.push(entry, Buffer.from(name))
    at += 30 + name.length + packed.length
  }
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(Object.keys(parts).length, 10)
  end.writeUInt32LE(at, 16)
  return Buffer.concat([...files, ...directory, end])
}

const workbook = (rows: string, more: Readonly<Record<string, string>> = {}) => ({
  'xl/workbook.xml':
    '<workbook><sheets><sheet name="old" state="hidden" r:id="r1"/><sheet name="list" r:id="r2"/></sheets></workbook>',
  'xl/_rels/workbook.xml.rels':
    '<Relationships><Relationship Id="r1" Target="worksheets/a.xml"/><Relationship Id="r2" Target="worksheets/b.xml"/></Relationships>',
  'xl/sharedStrings.xml':
    '<sst><si><t>Host Name</t></si><si><r><t>pay</t></r><r><t>-01</t></r><rPh><t>x</t></rPh></si></sst>',
  'xl/styles.xml':
    '<styleSheet><numFmts><numFmt numFmtId="170" formatCode="yyyy\\-mm\\-dd hh:mm"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="170"/></cellXfs></styleSheet>',
  'xl/worksheets/b.xml': `<worksheet><sheetData>${rows}</sheetData></worksheet>`,
  ...more,
})

async function read(noun: ListNoun, bytes: Buffer, zone = 'UTC', now = '2026-11-04T00:00:00.000Z') {
  const list = await readList(noun, Readable.from([bytes]), {}, { zone, now: new Date(now) })
  const rows = []
  for await (const row of list.rows) rows.push(row)
  return { ...list, rows }
}
const inline = (ref: string, text: string) => `<c r="${ref}" t="inlineStr"><is><t>${text}</t></is></c>`

test('the first visible sheet: shared, rich and inline texts, numbers, yes and no, gaps, row numbers as Excel counts', async () => {
  const rows = `<row r="1"><c r="A1" t="s"><v>0</v></c>${inline('B1', 'Asset Tag')}${inline('D1', 'exposed')}</row>
    <row r="4"><c r="A4" t="s"><v>1</v></c><c r="B4"><v>4711</v></c><c r="D4" t="b"><v>1</v></c></row>
    <row r="5">${inline('A5', 'web &amp; co')}<c r="D5" t="b"><v>0</v></c></row>`
  const list = await read('assets', zip(workbook(rows)))
  expect(list.form).toEqual({ kind: 'xlsx' })
  expect(list.rows).toMatchObject([
    { row: 4, fact: { id: '4711', name: 'pay-01', exposed: true } },
    { row: 5, fact: { name: 'web & co', exposed: false } },
  ])
})

test('dates by their style are moments of the zone that is said', async () => {
  const headings = ['title', 'from', 'to'].map((text, at) => inline(`${'ABC'[at]}1`, text)).join('')
  const rows = `<row r="1">${headings}</row><row r="2">${inline('A2', 'Patch')}<c r="B2" s="1"><v>46330.5</v></c><c r="C2" s="1"><v>46330.75</v></c></row>`
  const { rows: read1 } = await read('calendar', zip(workbook(rows)), 'Europe/Berlin')
  expect(read1).toMatchObject([{ fact: { from: '2026-11-04T11:00:00.000Z', to: '2026-11-04T17:00:00.000Z' } }])
})

test('a cut, encrypted or foreign ZIP file is refused, and a bomb ends at its limit', async () => {
  const whole = zip(workbook(`<row r="1">${inline('A1', 'name')}</row>`))
  for (const bytes of [whole.subarray(0, whole.length - 30), zip(workbook(''), 1), zip({ 'a.txt': 'x' })]) {
    await expect(read('assets', bytes)).rejects.toMatchObject({ code: 'file.invalid' })
  }
  const bomb = zip(workbook('', { 'xl/styles.xml': `<styleSheet>${'<xf/>'.repeat(4_000_000)}</styleSheet>` }))
  expect(bomb.length).toBeLessThan(1024 * 1024)
  await expect(read('assets', bomb)).rejects.toMatchObject({ code: 'input.too-large' })
})

const ics = (...events: string[]) =>
  Buffer.from(
    `BEGIN:VCALENDAR\r\nVERSION:2.0\r\n${events.map((one) => `BEGIN:VEVENT\r\n${one}\r\nEND:VEVENT\r\n`).join('')}END:VCALENDAR\r\n`,
  )
const startsOf = async (...events: string[]) =>
  (await read('calendar', ics(...events))).rows.map((row) => ('fact' in row ? row.fact : row.problems[0]?.value))

test('iCalendar: zones by both names, folded lines, all days, durations, what it is about', async () => {
  const list = await startsOf(
    'UID:1\r\nSUMMARY:Weekly scan\r\nDTSTART;TZID=W. Europe Standard Time:20261104T200000\r\nDTEND;TZID=Europe/Berlin:20261104T220000\r\nDESCRIPTION:Hosts: web-01\\, web-02\\nSources: 198.51.100.0/28\\n\r\n Targets: 10.0.0.0/16\r\nORGANIZER;CN=Bo Ek:mailto:bo@example.com',
    'UID:2\r\nSUMMARY:Vacation\r\nDTSTART;VALUE=DATE:20261110\r\nDTEND;VALUE=DATE:20261112\r\nORGANIZER:mailto:ada@example.com',
    'UID:3\r\nSUMMARY:Patching\r\nDTSTART:20261105T010000Z\r\nDURATION:PT90M\r\nBEGIN:VALARM\r\nDESCRIPTION:Hosts: nothing\r\nEND:VALARM',
    'UID:4\r\nSUMMARY:Gone\r\nSTATUS:CANCELLED\r\nDTSTART:20261105T010000Z',
  )
  expect(list).toMatchObject([
    {
      ...{ id: '1', kind: 'pentest', from: '2026-11-04T19:00:00.000Z', to: '2026-11-04T21:00:00.000Z', owner: 'Bo Ek' },
      ...{ assets: ['web-01', 'web-02'], networks: ['10.0.0.0/16'], origins: ['198.51.100.0/28'] },
    },
    {
      id: '2',
      kind: 'absence',
      from: '2026-11-10T00:00:00.000Z',
      to: '2026-11-12T00:00:00.000Z',
      person: 'ada@example.com',
    },
    { id: '3', kind: 'maintenance', from: '2026-11-05T01:00:00.000Z', to: '2026-11-05T02:30:00.000Z', assets: [] },
  ])
})

test('what repeats is written out by the clocks of its zone, with exceptions and moved days; what is not understood is refused', async () => {
  const weekly =
    'UID:w\r\nSUMMARY:Patching\r\nDTSTART;TZID=Europe/Berlin:20261020T200000\r\nDURATION:PT1H\r\nRRULE:FREQ=WEEKLY;COUNT=4\r\nEXDATE;TZID=Europe/Berlin:20261103T200000'
  const moved =
    'UID:w\r\nSUMMARY:Patching\r\nRECURRENCE-ID;TZID=Europe/Berlin:20261110T200000\r\nDTSTART:20261111T200000Z\r\nDURATION:PT1H'
  const froms = (list: unknown[]) => list.map((one) => (one as { from?: string }).from ?? one)
  expect(froms(await startsOf(weekly, moved))).toEqual([
    '2026-10-20T18:00:00.000Z',
    '2026-10-27T19:00:00.000Z',
    '2026-11-11T20:00:00.000Z',
  ])
  const patchTuesday =
    'UID:p\r\nSUMMARY:Patching\r\nDTSTART:20261013T200000Z\r\nRRULE:FREQ=MONTHLY;BYDAY=2TU;UNTIL=20261231T000000Z'
  expect(froms(await startsOf(patchTuesday))).toEqual([
    '2026-10-13T20:00:00.000Z',
    '2026-11-10T20:00:00.000Z',
    '2026-12-08T20:00:00.000Z',
  ])
  const odd = 'UID:o\r\nSUMMARY:x\r\nDTSTART:20261013T200000Z\r\nRRULE:FREQ=MONTHLY;BYDAY=MO;BYSETPOS=-1'
  expect(await startsOf(odd)).toEqual(['repetition FREQ=MONTHLY;BYDAY=MO;BYSETPOS=-1'])
  expect(await startsOf('UID:z\r\nSUMMARY:x\r\nDTSTART;TZID=Nowhere/Land:20261013T200000')).toEqual([
    'unknown time zone "Nowhere/Land"',
  ])
})
