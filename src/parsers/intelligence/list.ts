import { Readable } from 'node:stream'
import { parse } from 'csv-parse'
import { Trouble, wordsOf } from '../../kit/errors.ts'
import { type Indicator, type IntelligenceRead, readTlp, type Threat } from '../../model/intelligence.ts'
import { extract, outermost } from '../../observables/extract.ts'
import { type Normal, normalOf } from '../../observables/normal.ts'
import { plainObservable, plainOther } from '../../observables/plain.ts'
import { csvHeader, type Header } from './columns.ts'
import { type Line, linesOf } from './lines.ts'
import { isOutOfPlace } from './out-of-place.ts'
import { bounded, momentOf } from './texts.ts'

/** Lines in which a header is looked for: feeds begin with up to twenty of comment. */
const headLines = 30

const nothingTold: Omit<Indicator, 'type' | 'value'> = {
  ref: '',
  stance: 'malicious',
  tlp: null,
  markings: [],
  confidence: null,
  firstSeen: null,
  lastSeen: null,
  validFrom: null,
  validUntil: null,
  revoked: false,
  modified: null,
  says: '',
  tags: [],
  threats: [],
}

/**
 * A list as feeds publish it: one a line ("#", ";" and "//" begin a comment; lines of a hosts file are read for their name), or CSV with a
 * header (`column` names the column where it is not one that we know; columns of confidence, TLP, times, malware and notes are read
 * along). Defanged forms are read. Flat in memory. Throws Trouble('file.invalid') for a column that is not there or a CSV that is none.
 */
export async function* readIntelligenceList(
  bytes: AsyncIterable<Uint8Array>,
  column: string | null = null,
): AsyncGenerator<IntelligenceRead> {
  const lines = linesOf(bytes)
  const head: Line[] = []
  for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
    head.push(next.value)
    if (head.length >= headLines) break
  }
  const header = csvHeader(head.map(({ text }) => text).join('\n'), column)
  const all = again(head, lines)
  if (header === null) for await (const { line, text } of all) yield* ofLine(line, text)
  else yield* ofCsv(all, header)
}

async function* again(head: readonly Line[], rest: AsyncIterable<Line>): AsyncGenerator<Line> {
  yield* head
  yield* rest
}

function* ofLine(line: number, whole: string): Generator<IntelligenceRead> {
  // A "#" or ";" within a URL is no comment.
  const text = /^\s*(?:#|\/\/|;)/.test(whole) ? '' : whole.replace(/\s[#;].*$/, '').trim()
  if (text === '') return
  const named = /^(?:0\.0\.0\.0|127\.0\.0\.1|::1?)\s+(\S+)$/.exec(text)?.[1]
  // The first lines of every hosts file name the machine itself.
  if (named !== undefined && /^(?:localhost|local|broadcasthost|ip6-|0\.0\.0\.0)/.test(named)) return
  yield* told(`line ${line}`, named ?? text, nothingTold)
}

function* told(where: string, text: string, about: Omit<Indicator, 'type' | 'value'>): Generator<IntelligenceRead> {
  const found = normalsIn(text)
  if (found.length === 0)
    yield { kind: 'skipped', where, why: `no indicator was found in "${bounded(text).slice(0, 120)}"` }
  for (const normal of found) {
    const why = isOutOfPlace(normal)
    if (why !== null) yield { kind: 'skipped', where, why: `${normal.value}: ${why}` }
    else yield { kind: 'indicator', indicator: { ...normal, ...about } }
  }
}

function normalsIn(text: string): readonly Normal[] {
  const quick = plainObservable(text) ?? plainOther(text)
  if (quick !== null) return [normalOf(quick.type, quick.value)].filter((one) => one !== null)
  return outermost(extract(text)).flatMap(({ type, value }) => normalOf(type, value) ?? [])
}

async function* ofCsv(lines: AsyncIterable<Line>, header: Header): AsyncGenerator<IntelligenceRead> {
  const parser = Readable.from(textOf(lines, header.line)).pipe(
    parse({
      delimiter: header.delimiter,
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      comment: '#',
      comment_no_infix: true,
      info: true,
      trim: true,
      max_record_size: 1024 * 1024,
    }),
  )
  const places = placesIn(header.names)
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: readonly string[]
      info: { lines: number }
    }>) {
      const text = record[header.place] ?? ''
      if (text !== '') yield* told(`line ${header.line + info.lines}`, text, aboutOf(record, places))
    }
  } catch (error) {
    if (error instanceof Trouble) throw error
    throw new Trouble('file.invalid', { problem: `the list is no CSV: ${wordsOf(error)}` }, error)
  }
}

async function* textOf(lines: AsyncIterable<Line>, after: number): AsyncGenerator<string> {
  for await (const { line, text } of lines) if (line > after) yield `${text}\n`
}

/** Columns that feeds name so, besides the one of the indicator. */
const columns = {
  confidence: ['confidence', 'confidence_level', 'score'],
  tlp: ['tlp', 'marking'],
  firstSeen: ['first_seen', 'first_seen_utc', 'firstseen', 'dateadded', 'date_added'],
  lastSeen: ['last_seen', 'last_seen_utc', 'lastseen', 'last_online'],
  validUntil: ['valid_until', 'expires', 'expiration', 'expiry'],
  malware: ['malware', 'malware_printable', 'malware_family', 'signature', 'family'],
  actor: ['actor', 'threat_actor', 'adversary'],
  says: ['description', 'comment', 'note', 'notes', 'threat', 'threat_type', 'reason'],
  tags: ['tags', 'labels'],
} as const
type Places = Readonly<Partial<Record<keyof typeof columns, number>>>

function placesIn(names: readonly string[]): Places {
  const found = Object.entries(columns).flatMap(([field, words]) => {
    const word = words.find((one) => names.includes(one))
    return word === undefined ? [] : [[field, names.indexOf(word)] as const]
  })
  return Object.fromEntries(found)
}

function aboutOf(record: readonly string[], places: Places): Omit<Indicator, 'type' | 'value'> {
  const cell = (field: keyof Places): string =>
    places[field] === undefined ? '' : (record[places[field]] ?? '').trim()
  const confidence = /^\d{1,3}$/.test(cell('confidence')) ? Number(cell('confidence')) : null
  const tlp = cell('tlp')
  const threats: readonly Threat[] = [
    ...(cell('malware') === '' ? [] : [{ kind: 'malware', name: bounded(cell('malware')) } as const]),
    ...(cell('actor') === '' ? [] : [{ kind: 'actor', name: bounded(cell('actor')) } as const]),
  ]
  return {
    ...nothingTold,
    confidence: confidence !== null && confidence <= 100 ? confidence : null,
    // A word of TLP that we cannot read keeps it in the house.
    tlp: tlp === '' ? null : (readTlp(tlp) ?? 'AMBER+STRICT'),
    firstSeen: momentOf(cell('firstSeen')),
    lastSeen: momentOf(cell('lastSeen')),
    validUntil: momentOf(cell('validUntil')),
    says: bounded(cell('says')),
    tags: cell('tags')
      .split(/[,;|\s]+/)
      .filter((tag) => tag !== '')
      .slice(0, 20)
      .map((tag) => bounded(tag)),
    threats,
  }
}
