import { stringify } from 'yaml'
import { wordsOf } from '../kit/errors.ts'
import { type Issue, type Report, readYamlDocument } from '../kit/yaml-document.ts'
import { type Anchor, type JsonAnchor, ReaderDescription } from '../model/reader.ts'
import { patternOf } from './anchors.ts'
import { readers } from './readers.ts'

/** A reader that people wrote; the longest of ours has 3 KB. */
export const readerCharactersMax = 60_000

export type CheckedReader =
  | { readonly ok: true; readonly description: ReaderDescription }
  | { readonly ok: false; readonly issues: readonly Issue[] }

/** Reads a reader's YAML and says everything that is wrong with it, with line and column. Never throws for its text. */
export function checkReader(text: string): CheckedReader {
  const read = readYamlDocument(text, 'readers', readerCharactersMax)
  if (!read.ok) return { ok: false, issues: read.issues }
  const parsed = ReaderDescription.safeParse(read.plain)
  if (!parsed.success) {
    for (const { code, path, message } of parsed.error.issues)
      read.report(
        path,
        code === 'invalid_union'
          ? 'an anchor is one of `label`, `json`, `below`, `in: subject` or `in: body`, with `after`, `until`, `take` (docs/readers.md)'
          : message,
      )
    return { ok: false, issues: read.issues }
  }
  checkMeaning(parsed.data, read.report)
  return read.issues.length === 0 ? { ok: true, description: parsed.data } : { ok: false, issues: read.issues }
}

function checkMeaning(description: ReaderDescription, report: Report): void {
  if (readers.some(({ id }) => id === description.id)) report(['id'], 'a reader of this id comes along; choose another')
  if (description.from.length === 0 && description.provider === undefined)
    report(['title'], 'say whose messages it reads: `from` (mail addresses, domains) or `provider`')
  const given = Object.keys(description.fields)
  if (given.length === 0 && description.shapes.length === 0) report(['title'], 'it has no fields')
  for (const name of description.needs)
    if (description.shapes.length === 0 && !given.includes(name))
      report(['needs'], `it needs ${name}, and has no such field`)
  for (const [name, anchors] of Object.entries(description.fields))
    checkPatterns([anchors].flat(), ['fields', name], report)
  description.shapes.forEach((shape, index) => {
    for (const [name, anchors] of Object.entries(shape.fields))
      checkPatterns([anchors].flat(), ['shapes', index, 'fields', name], report)
  })
}

function checkPatterns(anchors: readonly (Anchor | JsonAnchor)[], place: readonly PropertyKey[], report: Report): void {
  for (const anchor of anchors) {
    if (typeof anchor === 'string' || anchor.take === undefined) continue
    try {
      patternOf(anchor.take)
    } catch (error) {
      report(place, `RE2 does not take this pattern: ${wordsOf(error)}`)
    }
  }
}

/** A description as YAML that reads well: what is as usual is left out. */
export function readerYaml(description: ReaderDescription): string {
  const { senderSure, says, needs, shapes, severities, closed, from, ...rest } = description
  const isEmpty = (value: object): boolean => Object.keys(value).length === 0
  const plain = {
    ...{ reader: rest.reader, id: rest.id, title: rest.title },
    ...(rest.provider === undefined ? {} : { provider: rest.provider }),
    ...(from.length === 0 ? {} : { from }),
    ...(senderSure === 0.9 ? {} : { senderSure }),
    ...(says.length === 0 ? {} : { says }),
    ...(needs.length === 0 ? {} : { needs }),
    fields: rest.fields,
    ...(shapes.length === 0 ? {} : { shapes }),
    ...(isEmpty(severities) ? {} : { severities }),
    ...(closed.length === 0 ? {} : { closed }),
  }
  return stringify(plain, { lineWidth: 120 })
}
