import type { Dirent } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { type Document, isScalar, LineCounter, parseAllDocuments, visit } from 'yaml'
import type { z } from 'zod'
import { Trouble, wordsOf } from '../../kit/errors.ts'
import { type RuleFault, type RulePlace, SigmaCorrelation, type SigmaDocument, SigmaFilter, SigmaRule } from './rule.ts'

/** Thirty times the longest file of SigmaHQ. */
export const ruleBytesMax = 1024 * 1024
/** Ten times all that SigmaHQ ever published. */
export const ruleFilesMax = 50_000
/** Rules need no aliases; a few are let through, a text that unfolds to gigabytes is not. */
const aliasesMax = 50

export type ReadRules = { readonly documents: readonly SigmaDocument[]; readonly faults: readonly RuleFault[] }

/** All .yml and .yaml files below these files and folders, sorted. Throws Trouble('file.unreadable' | 'input.too-large'). */
export async function ruleFiles(paths: readonly string[]): Promise<readonly string[]> {
  const files = new Set<string>()
  const add = (file: string): void => {
    files.add(file)
    if (files.size > ruleFilesMax) throw new Trouble('input.too-large', { mostFiles: ruleFilesMax })
  }
  for (const given of paths) {
    let entries: readonly Dirent[]
    try {
      if (!(await stat(given)).isDirectory()) {
        add(given)
        continue
      }
      entries = await readdir(given, { recursive: true, withFileTypes: true })
    } catch (error) {
      throw new Trouble('file.unreadable', { file: given, problem: wordsOf(error) }, error)
    }
    for (const entry of entries)
      if (entry.isFile() && /\.ya?ml$/i.test(entry.name)) add(path.join(entry.parentPath, entry.name))
  }
  return [...files].toSorted()
}

/** Reads every rule, correlation and filter of these files. What cannot be read is a fault, and the others go on. */
export async function readRuleFiles(
  files: readonly string[],
  onFile: (done: number) => void = () => undefined,
): Promise<ReadRules> {
  const documents: SigmaDocument[] = []
  const faults: RuleFault[] = []
  for (const [done, file] of files.entries()) {
    onFile(done)
    let text: string
    try {
      if ((await stat(file)).size > ruleBytesMax) throw new Error(`it is larger than ${ruleBytesMax} bytes`)
      text = await readFile(file, 'utf8')
    } catch (error) {
      faults.push({ file, why: `cannot be read: ${wordsOf(error)}` })
      continue
    }
    const read = readRules(text, file)
    documents.push(...read.documents)
    faults.push(...read.faults)
  }
  return { documents, faults }
}

/** The documents of one YAML text, with the old `action: global | reset | repeat` unfolded. */
export function readRules(text: string, file: string): ReadRules {
  const lines = new LineCounter()
  const parsed = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false })
  if (!Array.isArray(parsed)) return { documents: [], faults: [{ file, why: 'there is no document in it' }] }
  const documents: SigmaDocument[] = []
  const faults: RuleFault[] = []
  let global: Plain = {}
  let last: Plain = {}
  for (const [place, document] of parsed.entries()) {
    const line = lines.linePos(document.contents?.range?.[0] ?? 0).line
    const at: RulePlace = { file, document: place + 1, line }
    const read = plainOf(document, lines)
    if (typeof read === 'string') {
      faults.push({ file, why: `${placeOf(at, parsed.length)}${read}` })
      continue
    }
    if (read === null) continue
    const { action, ...own } = read
    if (action === 'global') {
      global = merged(global, own)
      continue
    }
    if (action === 'reset') global = {}
    const whole = action === 'repeat' ? merged(last, own) : merged(global, own)
    last = whole
    if (action === 'reset' && Object.keys(own).length === 0) continue
    const made = documentOf(whole, at)
    if ('why' in made) faults.push({ file, why: `${placeOf(at, parsed.length)}${made.why}` })
    else documents.push(made)
  }
  if (documents.length + faults.length === 0) faults.push({ file, why: 'there is no rule in it' })
  return { documents, faults }
}

type Plain = Readonly<Record<string, unknown>>

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The document as plain values; null when it is empty; a text: what is wrong with it. */
function plainOf(document: Document.Parsed, lines: LineCounter): Plain | string | null {
  const [error] = document.errors
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0])
    return `line ${line}, column ${col}: ${error.message.split('\n')[0] ?? ''}`
  }
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) return null
  // 0x1F4 or 1.10 stand in logs as they are written in the rule, not as the number that YAML makes of them.
  visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value === 'number' && node.source !== undefined && String(node.value) !== node.source)
        node.value = node.source
    },
  })
  try {
    const plain: unknown = document.toJS({ maxAliasCount: aliasesMax })
    return isPlain(plain) ? plain : 'a rule is a map of attributes'
  } catch (problem) {
    return wordsOf(problem)
  }
}

/** Maps are merged, all else is replaced: what the old rule collections meant by `action: global`. */
function merged(under: Plain, over: Plain): Plain {
  const both: Record<string, unknown> = { ...under }
  for (const [key, value] of Object.entries(over)) {
    const below = both[key]
    both[key] = isPlain(below) && isPlain(value) ? merged(below, value) : value
  }
  return both
}

function documentOf(plain: Plain, at: RulePlace): SigmaDocument | { readonly why: string } {
  const read =
    'correlation' in plain
      ? { kind: 'correlation' as const, result: SigmaCorrelation.safeParse(plain) }
      : 'filter' in plain && !('detection' in plain)
        ? { kind: 'filter' as const, result: SigmaFilter.safeParse(plain) }
        : { kind: 'rule' as const, result: SigmaRule.safeParse(plain) }
  if (!read.result.success) return { why: wordsOfIssues(read.result.error) }
  return { kind: read.kind, at, rule: read.result.data } as SigmaDocument
}

/** At most this many complaints about one document are told: the first says it, the others follow from it. */
const issuesToldMax = 3

function wordsOfIssues(error: z.ZodError): string {
  return error.issues
    .slice(0, issuesToldMax)
    .map((issue) => `${issue.path.length === 0 ? 'document' : issue.path.join('.')}: ${issue.message}`)
    .join('; ')
}

function placeOf(at: RulePlace, documents: number): string {
  return documents > 1 ? `document ${at.document} (line ${at.line}): ` : ''
}
