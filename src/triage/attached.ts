import type { AttachmentKind } from '../model/attachment.ts'
import type { SensitiveSpan } from '../model/reply.ts'
import { applyReview, coverValues, findSensitive, type SensitiveContext } from './redact.ts'
import { withoutOverlaps } from './redaction/found.ts'

/** More places than these nobody reviews one by one; such a file is blocked, and the part that is needed is attached. */
export const placesPerFileMax = 400

type Readable = {
  readonly id: string
  readonly name: string
  readonly text: string
  /** Where the names of what no detector reads begin in the text. */
  readonly unreadFrom: number | null
}

/** Places of a file's name: as it is, and without date and ending, its separators read as spaces ("Mara_Weissenborn-report" names a person). */
export function findInName({ id, name }: Pick<Readable, 'id' | 'name'>, context: SensitiveContext): SensitiveSpan[] {
  const blank = (text: string) => ' '.repeat(text.length)
  const bare = name.replace(/\.[a-z\d]{1,5}$/i, blank).replace(/^\d{4}-?\d\d-?\d\d(?!\d)/, blank)
  const views = [name, bare, bare.replace(/_/g, ' '), bare.replace(/[_+.-]/g, ' ')]
  const found = views.flatMap((view) =>
    findSensitive(view, context).map(({ tlp, ...span }) => ({ ...span, ...(tlp === undefined ? {} : { tlp }) })),
  )
  return withoutOverlaps(found).map((place, index) => ({
    ...{
      id: `${id}:n${index + 1}`,
      text: name.slice(place.start, place.end),
      reason: `${place.reason}, in the file name`,
    },
    ...{ start: place.start, end: place.end, class: place.class, confidence: place.confidence },
    ...{ verdict: null, pseudonym: null, keepReason: null },
    ...(place.tlp === undefined ? {} : { tlp: place.tlp }),
  }))
}

/** Places of what can be read in a file, and one for all that cannot: a person looks at that, and says so. */
export function findInFile({ id, text, unreadFrom }: Readable, context: SensitiveContext): SensitiveSpan[] {
  const found = findSensitive(unreadFrom === null ? text : text.slice(0, unreadFrom), context)
  const places = found.map((span, index) => ({ ...span, id: `${id}:s${index + 1}` }))
  if (unreadFrom === null) return places
  return [
    ...places,
    {
      ...{ id: `${id}:p`, start: unreadFrom, end: text.length, text: text.slice(unreadFrom), class: 'picture' },
      ...{ reason: 'No detector reads pictures: open it and look at it yourself', confidence: 1 },
      ...{ verdict: null, pseudonym: null, keepReason: null },
    },
  ]
}

/** Endings that a file of a kind may leave under; with another one it gets the first as well. A text must not end like a program. */
const endings: Readonly<Record<AttachmentKind, RegExp>> = {
  text: /\.(?:txt|csv|tsv|json|jsonl|ndjson|log|xml|ya?ml|md|conf|ini|sql)$/i,
  'web-page': /\.html?$/i,
  mail: /\.eml$/i,
  document: /\.docx$/i,
  workbook: /\.xlsx$/i,
  archive: /\.zip$/i,
  picture: /\.(?:png|jpe?g)$/i,
  pdf: /\.pdf$/i,
}
const endingFor = {
  text: 'txt',
  'web-page': 'html',
  mail: 'eml',
  document: 'docx',
  workbook: 'xlsx',
  archive: 'zip',
  pdf: 'pdf',
}

/** Letters before the ending; outbox/mail allows 100 in all. */
const stemCharsMax = 80

/** The name it leaves under: plain ASCII that every system reads alike. */
function plainName(name: string, kind: AttachmentKind, type: string): string {
  const ascii = name
    .normalize('NFKD')
    .replace(/ß/g, 'ss')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9.-]+/g, '_')
    .replace(/\.{2,}/g, '.')
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '')
  const ending = endings[kind].exec(ascii)?.[0] ?? ''
  const stem =
    ascii
      .slice(0, ascii.length - ending.length)
      .slice(0, stemCharsMax)
      .replace(/[^A-Za-z0-9]+$/, '') || 'file'
  const other = kind === 'picture' ? type.slice('image/'.length) : endingFor[kind]
  return `${stem}${ending === '' ? `.${other}` : ending.toLowerCase()}`
}

export type Attached = Readable & {
  readonly kind: AttachmentKind
  readonly type: string
  readonly bytes: Uint8Array
  readonly isPlain: boolean
  readonly nameSpans: readonly SensitiveSpan[]
  readonly spans: readonly SensitiveSpan[]
}

export type FileReleased = { readonly name: string; readonly type: string; readonly content: Uint8Array }

/**
 * Files as they leave: names and plain texts with what was covered in them, or anywhere else in this answer, taken out; others byte for byte as they
 * were looked into. Names are told apart, also from that of the machine-readable part.
 */
export function filesReleased(files: readonly Attached[], all: readonly SensitiveSpan[]): FileReleased[] {
  const taken = new Set(['counterfoil.json'])
  return files.map((file) => {
    const covered = coverValues(applyReview(file.name, file.nameSpans).text, all)
    const name = toldApart(plainName(covered, file.kind, file.type), taken)
    return { name, type: file.type, content: file.isPlain ? plainBytes(file, all) : file.bytes }
  })
}

function toldApart(name: string, taken: Set<string>): string {
  const dot = name.lastIndexOf('.')
  let free = name
  for (let number = 2; taken.has(free.toLowerCase()); number++)
    free = `${name.slice(0, dot)}-${number}${name.slice(dot)}`
  taken.add(free.toLowerCase())
  return free
}

/** The same bytes where nothing is covered; else UTF-8. */
function plainBytes(file: Attached, all: readonly SensitiveSpan[]): Uint8Array {
  const text = file.unreadFrom === null ? file.text : file.text.slice(0, file.unreadFrom)
  const spans = file.spans.filter((span) => span.end <= text.length)
  const covered = coverValues(applyReview(text, spans).text, all)
  return covered === text ? file.bytes : Buffer.from(covered)
}
