import { plainHeading } from '../list/columns.ts'
import type { Record } from '../list/read-list.ts'
import type { CsvFormat, ScanField } from './csv-formats.ts'
import { csvFormats } from './csv-formats.ts'
import { cvssOf } from './cvss.ts'
import { fixCharsMax, type Gathering, keyCharsMax, titleCharsMax } from './gather.ts'
import { cvesIn, namesAndAddresses, portOf, shortText, timeOf } from './words.ts'

/** The format whose headings these are; null: none. */
export function csvFormatOf(headings: readonly string[]): CsvFormat | null {
  const plain = new Set(headings.map(plainHeading))
  return csvFormats.find(({ needs }) => needs.every((heading) => plain.has(plainHeading(heading)))) ?? null
}

/** Makes a reader for the rows of a scanner's CSV. */
export function csvRowReader(format: CsvFormat, headings: readonly string[], out: Gathering): (record: Record) => void {
  const plain = headings.map(plainHeading)
  const places = new Map(
    Object.entries(format.columns).map(([field, names]) => [
      field as ScanField,
      names.map((name) => plain.indexOf(plainHeading(name))).filter((at) => at >= 0),
    ]),
  )
  return ({ row, values }) => {
    const all = (field: ScanField): string[] =>
      (places.get(field) ?? []).map((at) => (values[at] ?? '').trim()).filter((text) => text !== '')
    readRow(format, row, all, out)
  }
}

function readRow(format: CsvFormat, row: number, all: (field: ScanField) => string[], out: Gathering): void {
  const first = (field: ScanField): string => all(field)[0] ?? ''
  const host = first('host').slice(0, keyCharsMax)
  const cves = cvesIn(all('cve').join(' '))
  const product = [first('vendor'), first('product')].filter((part) => part !== '').join(' ')
  const check = (first('check') || [cves[0] ?? '', product].join(' ').trim()).toLowerCase().slice(0, keyCharsMax)
  if (host === '' || check === '')
    return out.refused(`row ${row}`, host === '' ? 'it names no host' : 'it names no check and no CVE')
  const lastSeen = timeOf(first('lastSeen'))
  const words = [...all('names'), ...all('addresses')]
  out.host({
    key: host,
    ...namesAndAddresses((words.length === 0 ? [host] : words).flatMap((text) => text.split(/[,;\s]+/))),
    os: shortText(first('os'), titleCharsMax) || null,
    scannedAt:
      all('scannedAt')
        .map(timeOf)
        .find((at) => at !== null) ?? lastSeen,
    byLogin: null,
    lookedFor: 'vulnerabilities',
  })
  out.check(check, cves, () => ({
    title: shortText(product === '' ? first('title') : `${first('title')} in ${product}`, titleCharsMax) || check,
    severity: format.severityOf(first('severity')),
    cvss: cvssOf({ vectors: all('vectors'), scores: all('scores') }),
    fix: shortText(first('fix'), fixCharsMax).replace(/^n\/a$/i, '') || null,
  }))
  out.sighting({
    host,
    check,
    ...portOf(first('port'), first('protocol')),
    state: /^(?:fixed|resolved)$/i.test(first('status')) ? 'fixed' : 'open',
    firstSeen: timeOf(first('firstSeen')),
    lastSeen,
    fixedAt: timeOf(first('fixedAt')),
  })
}
