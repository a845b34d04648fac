import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import { Trouble } from '../../kit/errors.ts'
import { yamlFilesOf } from '../../kit/yaml-files.ts'
import type { LogParser } from '../../model/log-parser.ts'
import type { Signature } from '../../parsers/log/signature.ts'
import { type Issue, likenessOf, readLogParser, readSignatures } from '../../parsers/log/validate.ts'

/** Parsers that come along. */
export const ownParsers = path.join(import.meta.dirname, '..', '..', '..', 'content', 'parsers')
/** Products that are told apart without a parser of their own. */
const ownSignatures = path.join(import.meta.dirname, '..', '..', '..', 'content', 'products.yaml')

/** More would make recognising slow for every line; ours are 60. */
const parsersMax = 500

export type ParserFile = { readonly file: string; readonly parser: LogParser | null; readonly issues: readonly Issue[] }

/** Every parser in these folders and files; they may be like each other and like `besides`. A path that is not there is Trouble('file.unreadable'). */
export async function readParserFiles(
  paths: readonly string[],
  besides: readonly LogParser[] = [],
): Promise<readonly ParserFile[]> {
  const files = await yamlFilesOf(paths, parsersMax)
  const texts = await Promise.all(files.map(async (file) => ({ file, text: await readFile(file, 'utf8') })))
  // First those that stand alone, so that the others can be like them.
  const alone: LogParser[] = []
  for (const { text } of texts) {
    const parser = likenessOf(text) === null ? readLogParser(text).value : null
    if (parser !== null) alone.push(parser)
    // A server starts meanwhile: no file holds its event loop longer than it takes to read that one.
    await breathe()
  }
  const known = new Map([...besides, ...alone].map((parser) => [parser.id, parser]))
  const read: ParserFile[] = []
  for (const { file, text } of texts) {
    const { value, issues } = readLogParser(text, known)
    read.push({ file, parser: value, issues })
    await breathe()
  }
  const seen = new Map<string, string>()
  return read.map((file) => {
    const id = file.parser?.id
    const before = id === undefined ? undefined : seen.get(id)
    if (id !== undefined && before === undefined) seen.set(id, file.file)
    if (before === undefined) return file
    const problem = `"${id}" is also the id of ${before}`
    return { file: file.file, parser: null, issues: [{ line: 1, column: 1, where: 'id', problem }] }
  })
}

/**
 * The parsers of an installation: ours, and those of `paths` (LakeConfig.parsers); one of the house's own with the id of one of ours stands
 * in its place. Throws Trouble('input.invalid') that names every file, line and problem: a wrong parser stops the start, not a load.
 */
export async function loadLogParsers(paths: readonly string[] = []): Promise<readonly LogParser[]> {
  const ours = await readParserFiles([ownParsers])
  const theirs = await readParserFiles(
    paths,
    ours.flatMap(({ parser }) => parser ?? []),
  )
  const wrong = [...ours, ...theirs].flatMap(({ file, issues }) =>
    issues.map((issue) => `${file}:${issue.line}:${issue.column} ${issue.problem}`),
  )
  if (wrong.length > 0) throw new Trouble('input.invalid', { parsers: wrong })
  const byId = new Map(
    [...ours, ...theirs].flatMap(({ parser }) => (parser === null ? [] : [[parser.id, parser] as const])),
  )
  return [...byId.values()]
}

/** The signatures of products, in their order. */
export async function loadSignatures(): Promise<readonly Signature[]> {
  const { value, issues } = readSignatures(await readFile(ownSignatures, 'utf8'))
  if (value === null) throw new Trouble('input.invalid', { products: issues })
  return value
}
