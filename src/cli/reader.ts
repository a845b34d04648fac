import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { lettersOf } from '../intake/files/letters.ts'
import { makeParse } from '../intake/mail/parse.ts'
import { isTrouble, Trouble, wordsOf } from '../kit/errors.ts'
import type { Letter } from '../model/letter.ts'
import type { ReaderDescription } from '../model/reader.ts'
import { matterOf } from '../providers/matter.ts'
import { letterOfJson } from '../providers/read.ts'
import { checkReader } from '../providers/reader-file.ts'
import { type Tried, tryReader } from '../providers/teach.ts'
import { shownText } from './shown-text.ts'

const examples = `
A reader says in YAML how a provider's messages are known and where the fields stand (docs/readers.md). Needs no database.

Examples:
  counterfoil reader check acme.yaml                    is it one?
  counterfoil reader test acme.yaml ~/mail/acme         what does it read in these mails?
  counterfoil reader test acme.yaml post.json --json    a posted JSON, for programs

Exit codes: 0 all is well, 1 something is wrong or not read, 2 the call was wrong.`

/** \`counterfoil reader check|test\`. */
export function readerCommand(): Command {
  const group = new Command('reader').description('Check and test a reader of provider messages.')
  group.addHelpText('after', examples)
  group
    .command('check')
    .summary('say what is wrong with a reader, by line and column')
    .argument('<file...>', 'readers (YAML)')
    .action(check)
  group
    .command('test')
    .summary('read mails with it, and say what is not read and why')
    .argument('<file>', 'the reader (YAML)')
    .argument('<path...>', 'mails: .eml, .msg, mbox, Maildir, folders; posted JSON: .json')
    .option('--json', 'print {"green", "of", "rows"}', false)
    .action(test)
  return group
}

async function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw new Trouble('file.unreadable', { file, problem: wordsOf(error) }, error)
  })
}

/** The description in a file; null where it is none, and then what is wrong with it is printed. */
async function descriptionIn(file: string): Promise<ReaderDescription | null> {
  const checked = checkReader(await textOf(file))
  if (checked.ok) return checked.description
  process.exitCode = 1
  for (const { line, column, where, problem } of checked.issues)
    process.stdout.write(`${file}:${line}:${column} ${where === '' ? '' : `${where}: `}${shownText(problem)}\n`)
  return null
}

async function check(files: readonly string[]): Promise<void> {
  for (const file of files) {
    const description = await descriptionIn(file)
    if (description === null) continue
    const fields = [description.fields, ...description.shapes.map((shape) => shape.fields)].flatMap(Object.keys)
    process.stdout.write(`${file}: ${description.id} reads ${[...new Set(fields)].join(', ')}\n`)
  }
}

type Row = Tried & { readonly name: string }

/** Mails and posts at these paths, in their order; what cannot be read is said on stderr. */
async function* messagesIn(paths: readonly string[]): AsyncGenerator<{ name: string; letter: Letter }> {
  const posts = paths.filter((path) => path.endsWith('.json'))
  for (const name of posts) yield { name, letter: letterOfJson(await textOf(name)) }
  const unreadable = (name: string, why: string) => {
    process.exitCode = 1
    process.stderr.write(`counterfoil: ${name} could not be read: ${why}\n`)
  }
  const parse = makeParse()
  try {
    for await (const { name, bytes } of lettersOf(
      paths.filter((path) => !posts.includes(path)),
      unreadable,
    )) {
      const letter = await parse(bytes).catch((error: unknown) => {
        if (!isTrouble(error)) throw error
        unreadable(name, wordsOf(error))
        return null
      })
      if (letter !== null) yield { name, letter }
    }
  } finally {
    await parse.close()
  }
}

/** Posts name no sender: they are taken as those of the reader's own provider. */
function providerOf({ provider }: ReaderDescription) {
  return provider === undefined
    ? null
    : {
        ...{ id: provider, name: provider, format: 'generic', addresses: [], domains: [], sourceRanges: [] },
        ...{ trustedSealers: [], replyAddress: null, dryRun: true, mayShare: [] },
      }
}

async function test(file: string, paths: readonly string[], { json }: { readonly json: boolean }): Promise<void> {
  const description = await descriptionIn(file)
  if (description === null) return
  const context = { provider: providerOf(description), receivedAt: new Date().toISOString() }
  const rows: Row[] = []
  for await (const { name, letter } of messagesIn(paths))
    rows.push({ name, ...tryReader(description, matterOf(letter, context)) })
  const green = rows.filter((row) => row.green).length
  if (green < rows.length || rows.length === 0) process.exitCode = 1
  if (json) process.stdout.write(`${JSON.stringify({ green, of: rows.length, rows }, null, 2)}\n`)
  else process.stdout.write(`${rows.map(textOfRow).join('')}${green} of ${rows.length} green\n`)
}

function textOfRow({ name, green, own, fields, why }: Row): string {
  const read = Object.entries(fields).map(([field, { value }]) => `    ${field}: ${shownText(value)}\n`)
  const missing = why.map((one) => `    ${one.field}: not read, ${shownText(one.why)}\n`)
  return `${green ? 'green ' : own ? 'PARTLY' : 'RED   '} ${shownText(name)}\n${missing.join('')}${read.join('')}`
}
