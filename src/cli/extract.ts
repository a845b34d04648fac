import { createReadStream } from 'node:fs'
import { Command, InvalidArgumentError } from 'commander'
import { makeParse } from '../intake/mail/parse.ts'
import { Trouble, wordsOf } from '../kit/errors.ts'
import { mailBytesMax } from '../model/message.ts'
import { type Observable, ObservableType, observableTypes } from '../model/observable.ts'
import { extract } from '../observables/extract.ts'
import { outFile } from './out-file.ts'

/** A text is held whole, with its observables: some 600 MB for this much in the worst case. Larger logs can be cut with `split`. */
export const textBytesMax = 64 * 1024 * 1024

/** Lines that are written at once. */
const linesAtOnce = 1000

const examples = `
Examples:
  counterfoil extract report.txt
  pbpaste | counterfoil extract --types ipv4,domain,sha256
  counterfoil extract --eml alert.eml | jq -r .value

One JSON object a line: {"type","value","start","end","text"}, with --eml also "part". Offsets are UTF-16 code units of the
decoded text (UTF-8, or UTF-16 with a byte order mark). Types: ${observableTypes.join(' ')}.`

/** `counterfoil extract [FILE|-]`: needs no database. Exit 0 also when nothing was found. */
export function extractCommand(): Command {
  return new Command('extract')
    .description('List the observables in a text or a mail, refanged, with their places.')
    .argument('[file]', 'a text; - is stdin', '-')
    .option('--eml', 'read it as a mail (RFC 5322, or an Outlook .msg), with all its parts', false)
    .option('--types <list>', 'only these types, with commas between them', readTypes)
    .addHelpText('after', examples)
    .action(extractAction)
}

type Flags = { readonly eml: boolean; readonly types?: ReadonlySet<ObservableType> }

async function extractAction(file: string, flags: Flags): Promise<void> {
  const bytes = await readAll(file, flags.eml ? mailBytesMax : textBytesMax)
  const wanted = (observable: Observable): boolean => flags.types?.has(observable.type) ?? true
  if (!flags.eml)
    return print(
      extract(textOf(bytes))
        .filter(wanted)
        .map((observable) => lineOf(observable)),
    )
  const parse = makeParse()
  try {
    const letter = await parse(bytes)
    for (const warning of letter.warnings) process.stderr.write(`counterfoil: ${warning}\n`)
    for (const { path: part, text } of letter.parts) {
      await print(
        extract(text)
          .filter(wanted)
          .map((observable) => lineOf(observable, part)),
      )
    }
  } finally {
    await parse.close()
  }
}

/** Reads a file or stdin, and stops at the limit instead of filling the memory. */
async function readAll(file: string, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  try {
    for await (const chunk of (file === '-' ? process.stdin : createReadStream(file)) as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length
      if (sizeBytes > bytesMax) throw new Trouble('input.too-large', { file, mostMiB: bytesMax / 1024 / 1024 })
      chunks.push(chunk)
    }
  } catch (error) {
    throw error instanceof Trouble ? error : new Trouble('file.unreadable', { file, problem: wordsOf(error) }, error)
  }
  return Buffer.concat(chunks)
}

/** Bytes that are no UTF-8 become U+FFFD; a byte order mark of UTF-8 stays, so that offsets are those of the whole text. */
function textOf(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes)
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}

function lineOf({ type, value, start, end, text }: Observable, part?: string): string {
  return JSON.stringify({ type, value, start, end, text, ...(part === undefined ? {} : { part }) })
}

async function print(lines: readonly string[]): Promise<void> {
  const out = outFile('-')
  for (let at = 0; at < lines.length; at += linesAtOnce)
    await out.write(`${lines.slice(at, at + linesAtOnce).join('\n')}\n`)
}

function readTypes(list: string): ReadonlySet<ObservableType> {
  const types = list.split(',').map((word) => ObservableType.safeParse(word.trim().toLowerCase()))
  const known = types.flatMap((type) => (type.success ? [type.data] : []))
  if (known.length < types.length) throw new InvalidArgumentError(`Choose from: ${observableTypes.join(', ')}.`)
  return new Set(known)
}
