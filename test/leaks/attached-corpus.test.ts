import { expect, test } from 'vitest'
import { takeApart } from '../../src/intake/mail/take-apart.ts'
import type { SensitiveSpan } from '../../src/model/reply.ts'
import { zip } from '../../src/parsers/attachment/archive.ts'
import { inspectFile } from '../../src/parsers/attachment/inspect.ts'
import { inspectPdf } from '../../src/parsers/attachment/pdf.ts'
import { filesReleased, findInFile, findInName } from '../../src/triage/attached.ts'
import { clean, leakContext, planted } from './corpus.ts'
import { docx, eml, jpeg, png, xlsx } from './files.ts'

const reading = { mail: takeApart, pdf: inspectPdf }

const foundShareMin = 0.99
/** Places that may be marked in the clean files: as many as in the clean texts, for the same reasons. */
const falsePositivesMax = 4
const context = leakContext()
const around = (value: string) => `we looked at it: ${value} is what we saw.`

/** A mail that carries another one whole, under this name (RFC 2231, in pieces). */
function forwarded(inner: Buffer, name = 'forwarded'): Buffer {
  const coded = encodeURIComponent(name).replace(/'/g, '%27')
  const pieces = (coded.match(/(?:%..|.){1,20}/g) ?? []).map(
    (one, n) => ` filename*${n}*=${n === 0 ? "UTF-8''" : ''}${one}`,
  )
  const head = `From: soc@provider.example\r\nTo: desk@customer.example\r\nSubject: Fwd\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="f"\r\n\r\n--f\r\nContent-Type: message/rfc822\r\n\r\n`
  const file = `\r\n--f\r\nContent-Type: text/plain\r\nContent-Disposition: attachment;\r\n${pieces.join(';\r\n')}\r\n\r\nNothing.\r\n--f--\r\n`
  return Buffer.concat([Buffer.from(head), inner, Buffer.from(file)])
}

type Way = readonly [name: string, make: (value: string) => Buffer]
// biome-ignore format: a table
const ways: Readonly<Record<string, Way>> = {
  text: ['note.txt', (v) => Buffer.from(around(v))],
  'text in UTF-16': ['note.txt', (v) => Buffer.from(`\ufeff${around(v)}`, 'utf16le')],
  csv: ['list.csv', (v) => Buffer.from(`time;what\n09:05;"${v}"\n`)],
  json: ['data.json', (v) => Buffer.from(JSON.stringify({ note: around(v) }))],
  'page text': ['page.html', (v) => Buffer.from(`<html><body><p>${around(v)}</p></body></html>`)],
  'page attribute': ['page.html', (v) => Buffer.from(`<html><body><img alt="${around(v)}"></body></html>`)],
  'page comment': ['page.html', (v) => Buffer.from(`<html><body><!-- ${around(v)} --></body></html>`)],
  'page script': ['page.html', (v) => Buffer.from(`<html><script>var x = "${around(v)}"</script></html>`)],
  'document body, in broken runs': ['a.docx', (v) => docx({ body: around(v) })],
  'document header': ['a.docx', (v) => docx({ header: around(v) })],
  'document comment': ['a.docx', (v) => docx({ comment: around(v) })],
  'document, deleted with marks': ['a.docx', (v) => docx({ deleted: around(v) })],
  'workbook, shared text': ['a.xlsx', (v) => xlsx({ shared: around(v) })],
  'workbook, own text': ['a.xlsx', (v) => xlsx({ own: around(v) })],
  'workbook, name of a sheet': ['a.xlsx', (v) => xlsx({ sheet: around(v) })],
  'mail field': ['a.eml', (v) => eml({ field: around(v) })],
  'mail part in base64': ['a.eml', (v) => eml({ base64: around(v) })],
  'mail part of HTML': ['a.eml', (v) => eml({ html: around(v) })],
  'mail, before its parts': ['a.eml', (v) => eml({ before: around(v) })],
  'mail in a mail': ['a.eml', (v) => forwarded(eml({ field: around(v) }))],
  'mail, name of a part': ['a.eml', (v) => forwarded(eml({}), `report ${v} attached`)],
  'mail, invitation in it': ['a.eml', (v) => Buffer.from(eml({}).toString('latin1').replace('text/html; charset=utf-8\r\n\r\n', `text/calendar; charset=utf-8; method=REQUEST\r\n\r\nSUMMARY:${Buffer.from(around(v)).toString('latin1')}\r\n`), 'latin1')],
  'archive, text': ['a.zip', (v) => zip([{ name: 'note.txt', bytes: Buffer.from(around(v)) }])],
  'archive, document': ['a.zip', (v) => zip([{ name: 'a.docx', bytes: docx({ body: around(v) }) }])],
  'archive in an archive': ['a.zip', (v) => zip([{ name: 'b.zip', bytes: zip([{ name: 'n.csv', bytes: Buffer.from(around(v)) }]) }])],
  'archive, name in it': ['a.zip', (v) => zip([{ name: `file report ${v} attached.txt`, bytes: Buffer.from('x') }])],
}

/** As RFC 5545 (3.1) and RFC 6350 (3.2) break long lines: after 75 octets, with a blank before what follows. */
const folded = (line: string) => line.replace(/.{74}(?=.)/gu, '$&\r\n ')
const unfolded = (text: string) => text.replace(/\r?\n[ \t]/g, '')
// biome-ignore format: a table
const cards: readonly (readonly [name: string, make: (value: string, pad: string) => string])[] = [
  ['invite.ics', (v, pad) => ['BEGIN:VCALENDAR', 'BEGIN:VEVENT', folded(`SUMMARY:${pad} ${v} and more`), folded(`ATTENDEE;CN="${pad} ${v}":mailto:soc@provider.example`), 'END:VEVENT', 'END:VCALENDAR', ''].join('\r\n')],
  ['card.vcf', (v, pad) => ['BEGIN:VCARD', 'VERSION:4.0', folded(`NOTE:${pad} ${v} and more`), 'END:VCARD', ''].join('\r\n')],
]

test('in invitations and cards, whose lines are broken anywhere, what is redacted leaves no sign', async () => {
  const missed: string[] = []
  let all = 0
  for (const [name, make] of cards)
    for (const { class: kind, value } of planted.filter((one) => !/["\\]/.test(one.value)))
      for (let pad = 20; pad < 64; pad += 4) {
        all += 1
        const source = make(value, 'x'.repeat(pad))
        const made = await inspectFile(name, Buffer.from(source), reading)
        if (made.kind === 'blocked') throw new Error(made.why)
        const file = { id: 'f', name, text: made.text, unreadFrom: null }
        const redacted = findInFile(file, context).map((span): SensitiveSpan => ({ ...span, verdict: 'redact' }))
        const [out] = filesReleased([{ ...file, ...made, nameSpans: [], spans: redacted }], redacted)
        const left = unfolded(Buffer.from(out?.content ?? []).toString())
        // Of what has a label ("password: x") the label may stay.
        const bare = value.replace(/^(?:password: |Passwort lautet: |api_key=|geboren am )/, '')
        if (left.includes(bare)) missed.push(`${name} ${pad}: ${kind} ${value}`)
      }
  process.stderr.write(`invitations and cards: ${all}, missed ${missed.length}\n${missed.slice(0, 20).join('\n')}\n`)
  expect(all).toBeGreaterThan(1000)
  expect((all - missed.length) / all, missed.join('\n')).toBeGreaterThanOrEqual(foundShareMin)
}, 120_000)

/** Every letter of the value lies in a place, wherever it can be read in the file. */
function isFound(text: string, value: string, label: boolean, spans: readonly SensitiveSpan[]): boolean {
  let at = text.indexOf(value)
  if (at < 0) return false
  for (; at >= 0; at = text.indexOf(value, at + 1)) {
    const letters = [...Array(value.length).keys()].filter((i) => /[\p{L}\p{N}]/u.test(value.charAt(i)))
    const open = letters.filter((i) => !spans.some((span) => span.start <= at + i && at + i < span.end))
    if (open.length > (label ? letters.length * 0.75 : 0)) return false
  }
  return true
}

test('of what is planted in files of every kind at least 99 % is found, and what is redacted in a text leaves no sign', async () => {
  const missed: string[] = []
  let all = 0
  for (const [way, [name, make]] of Object.entries(ways))
    for (const { class: kind, value } of planted) {
      if (way === 'archive, name in it' && /[\\/]/.test(value)) continue
      all += 1
      const made = await inspectFile(name, make(value), reading)
      if (made.kind === 'blocked') throw new Error(`${way}: ${made.why}`)
      const file = { id: 'f', name, text: made.text, unreadFrom: null }
      const spans = findInFile(file, context)
      const shown = [value, JSON.stringify(value).slice(1, -1)].find((one) => made.text.includes(one)) ?? value
      if (!isFound(made.text, shown, kind === 'secret' || kind === 'personal', spans))
        missed.push(`${way}: ${kind} ${value}`)
      if (!made.isPlain) continue
      const redacted = spans.map((span): SensitiveSpan => ({ ...span, verdict: 'redact' }))
      const [out] = filesReleased([{ ...file, ...made, nameSpans: [], spans: redacted }], redacted)
      if (kind !== 'personal') expect(Buffer.from(out?.content ?? []).toString()).not.toContain(shown)
    }
  const share = (all - missed.length) / all
  process.stderr.write(
    `files: ${planted.length} values x ${Object.keys(ways).length} ways: ${all} places, ${all - missed.length} found (${(share * 100).toFixed(2)} %)\n${missed.slice(0, 20).join('\n')}\n`,
  )
  expect(all).toBeGreaterThan(1000)
  expect(share, missed.join('\n')).toBeGreaterThanOrEqual(foundShareMin)
}, 120_000)

test('names of files are read too, with their separators as spaces', () => {
  const missed: string[] = []
  const named = planted.filter(({ value }) => !/[/\\:=]/.test(value))
  for (const { class: kind, value } of named)
    for (const name of [
      `${value}.txt`,
      `Report ${value}.pdf`,
      `2026-11-02_${value.replaceAll(' ', '_')}_report.docx`,
    ]) {
      const spans = findInName({ id: 'f', name }, context)
      if (spans.length === 0) missed.push(`${kind}: ${name}`)
    }
  const all = named.length * 3
  const share = (all - missed.length) / all
  process.stderr.write(
    `file names: ${all}, ${all - missed.length} found (${(share * 100).toFixed(2)} %)\n${missed.join('\n')}\n`,
  )
  expect(share, missed.join('\n')).toBeGreaterThanOrEqual(foundShareMin)
})

test('what a picture says beside the picture does not leave, also from inside a document or an archive', async () => {
  for (const { value } of planted) {
    const inside = (name: string, bytes: Buffer) => [
      [name, bytes] as const,
      ['a.docx', docx({ extra: [{ name: `word/media/${name}`, bytes }] })] as const,
      ['a.zip', zip([{ name, bytes }])] as const,
    ]
    for (const [name, bytes] of [...inside('a.png', png(value)), ...inside('a.jpg', jpeg(value))]) {
      const made = await inspectFile(name, bytes, reading)
      if (made.kind === 'blocked') throw new Error(made.why)
      expect(made.stripped.join()).toMatch(/EXIF/)
      expect(made.unread.length).toBe(1)
      // Deflate leaves letters of a picture's stored bytes readable; unpacked once more, to be sure.
      const again = await inspectFile(name, made.bytes, reading)
      expect(again.kind === 'blocked' ? again.why : again.stripped.filter((one) => !one.startsWith('dates'))).toEqual(
        [],
      )
      if (made.kind === 'picture') expect(Buffer.from(made.bytes).includes(value)).toBe(false)
    }
  }
})

test('clean files are left alone, but for a few', async () => {
  const found: string[] = []
  let files = 0
  for (const text of clean)
    for (const [name, bytes] of [
      ['a.docx', docx({ body: text })],
      ['a.xlsx', xlsx({ shared: text })],
      ['a.eml', eml({ base64: text })],
      ['a.html', Buffer.from(`<!doctype html><html><body><p>${text}</p></body></html>`)],
      ['a.zip', zip([{ name: 'a.txt', bytes: Buffer.from(text) }])],
    ] as const) {
      files += 1
      const made = await inspectFile(name, bytes, reading)
      if (made.kind === 'blocked') throw new Error(`${name}: ${made.why}`)
      // Whose mail it is stands in it, and is marked for good reason.
      for (const span of findInFile({ id: 'f', name, text: made.text, unreadFrom: null }, context))
        if (!['desk@customer.example', 'soc@provider.example'].includes(span.text))
          found.push(`${name}: ${span.class} (${span.reason}): ${span.text}`)
    }
  process.stderr.write(`clean files: ${files}, ${found.length} false positives\n${found.slice(0, 20).join('\n')}\n`)
  expect(files).toBeGreaterThanOrEqual(200)
  expect(found.length, found.join('\n')).toBeLessThanOrEqual(falsePositivesMax * 5)
})
