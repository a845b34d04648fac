import { opendir, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { readSettings } from '../config/config.ts'
import { lettersOf } from '../intake/files/letters.ts'
import { makeParse } from '../intake/mail/parse.ts'
import { isTrouble, Trouble, wordsOf } from '../kit/errors.ts'
import { isTimeZone } from '../measure/hours.ts'
import { makeXray, type XrayMaker, type XrayOptions } from '../measure/xray.ts'
import { xrayHtml } from '../measure/xray-html.ts'
import { xrayText } from '../measure/xray-text.ts'
import type { Parse } from '../model/doors.ts'
import type { Letter } from '../model/letter.ts'
import type { Xray } from '../model/xray.ts'
import { type Progress, progress } from './progress.ts'

/** Two threads read mail while this one understands it: three busy threads on two cores is where it stopped getting faster. */
const workers = 2
/** Mails under way at once; what is read ahead waits in memory, so this bounds it to some hundred megabytes at the very worst. */
const inFlightMax = 8

const examples = `
Examples:
  counterfoil xray ~/Maildir/.Provider
  counterfoil xray export.mbox saved/*.msg --html xray.html
  counterfoil xray mail/ --json | jq '.repeated[:5]'
  counterfoil xray mail/ --ours nordhaven.example --provider acme-mdr.example --time-zone Europe/Berlin

Reads .eml, .msg, .emlx, mbox and Maildir. Needs no database, no credentials and no network. Every message is counted once:
read + reply + unread = in; the same mail filed twice is two messages and one alert.
Exit codes: 0 done, 1 a path could not be read, 2 the call itself was wrong.`

type Flags = {
  readonly json: boolean
  readonly html?: string
  readonly ours: readonly string[]
  readonly provider: readonly string[]
  readonly timeZone?: string
}

function domain(value: string, before: readonly string[]): readonly string[] {
  const name = value.toLowerCase().replace(/^@/, '')
  if (!/^[\w-]+(?:\.[\w-]+)+$/.test(name)) throw new InvalidArgumentError('A domain looks like nordhaven.example.')
  return [...before, name]
}

function domains(value: string, before: readonly string[]): readonly string[] {
  return value.split(',').reduce((list, one) => domain(one.trim(), list), before)
}

function zone(value: string): string {
  if (!isTimeZone(value)) throw new InvalidArgumentError('A time zone looks like Europe/Berlin.')
  return value
}

/** `counterfoil xray PATH...`: what a folder of old provider mail says about the relationship. */
export function xrayCommand(): Command {
  return new Command('xray')
    .description('Say what a folder of old provider mail tells about the relationship.')
    .argument('<path...>', 'folders and files: .eml, .msg, mbox, Maildir')
    .option('--json', 'print JSON for programs', false)
    .option('--html <file>', 'write a page to send on')
    .option('--ours <domain>', 'a domain of ours (again for more); else worked out from the mails', domains, [])
    .option('--provider <domain>', "a provider's domain (again for more); else worked out", domains, [])
    .option('--time-zone <zone>', "where business hours are counted; else worked out from the mails' dates", zone)
    .addHelpText('after', examples)
    .action(xrayAction)
}

/** Own domains and business hours of the settings, where there are any: the X-ray works without. */
function optionsOf(flags: Flags): XrayOptions {
  const { config } = readSettings()
  const providers = Object.fromEntries(flags.provider.map((name) => [name.split('.')[0] ?? name, [name]]))
  return {
    ours: flags.ours.length > 0 ? flags.ours : config.ownDomains,
    providers: flags.provider.length > 0 ? providers : undefined,
    businessHours: { from: config.businessHours.from, to: config.businessHours.to, timeZone: flags.timeZone ?? null },
  }
}

async function xrayAction(paths: readonly string[], flags: Flags): Promise<void> {
  const { xray, missing } = await xrayOf(paths, optionsOf(flags), (total) => progress('Reading mail', total))
  for (const { file, why } of missing) process.stderr.write(`counterfoil: ${file} could not be read: ${why}\n`)
  if (flags.html !== undefined) {
    await writeFile(flags.html, xrayHtml(xray), { mode: 0o600 }).catch((error: unknown) => {
      throw new Trouble('file.unreadable', { file: flags.html, problem: wordsOf(error) }, error)
    })
    process.stderr.write(`Wrote ${flags.html}\n`)
  }
  if (flags.json) process.stdout.write(`${JSON.stringify(xray, null, 2)}\n`)
  else if (flags.html === undefined) process.stdout.write(xrayText(xray))
  if (missing.length > 0) process.exitCode = 1
}

export type XrayOfPaths = {
  readonly xray: Xray
  readonly missing: readonly { readonly file: string; readonly why: string }[]
}

/** Reads all mail at these paths and looks at it. A path that is not there is told in `missing` and stops nothing. */
export async function xrayOf(
  paths: readonly string[],
  options: XrayOptions,
  watch: (totalBytes: number) => Progress,
): Promise<XrayOfPaths> {
  const parse = makeParse({ workers })
  const maker = makeXray(options)
  const missing: { file: string; why: string }[] = []
  const bar = watch(await bytesIn(paths))
  try {
    let done = 0
    for (const asked of paths) {
      try {
        await readInto(asked, parse, maker, (bytes) => {
          done += bytes
          bar.at(done)
        })
      } catch (error) {
        if (!isTrouble(error, 'file.unreadable')) throw error
        missing.push({ file: asked, why: wordsOf(error.cause ?? error) })
      }
    }
  } finally {
    bar.end()
    await parse.close()
  }
  return { xray: maker.result(), missing }
}

type Pending = {
  readonly name: string
  readonly bytes: number
  readonly letter: Promise<{ readonly letter: Letter | null; readonly why: string }>
}

/** Mails are parsed ahead in the workers and taken in the order they came, so that the result does not depend on who was faster. */
async function readInto(asked: string, parse: Parse, maker: XrayMaker, took: (bytes: number) => void): Promise<void> {
  const waiting: Pending[] = []
  const takeOne = async (): Promise<void> => {
    const next = waiting.shift()
    if (next === undefined) return
    const { letter, why } = await next.letter
    maker.add({ name: next.name, letter, why })
    took(next.bytes)
  }
  const unreadable = (name: string, why: string) => maker.add({ name, letter: null, why })
  for await (const { name, bytes } of lettersOf([asked], unreadable)) {
    waiting.push({ name, bytes: bytes.length, letter: parsed(parse, bytes) })
    if (waiting.length >= inFlightMax) await takeOne()
  }
  while (waiting.length > 0) await takeOne()
}

async function parsed(parse: Parse, bytes: Uint8Array): Promise<{ letter: Letter | null; why: string }> {
  try {
    return { letter: await parse(bytes), why: '' }
  } catch (error) {
    const problem = isTrouble(error) ? error.details['problem'] : undefined
    return { letter: null, why: typeof problem === 'string' ? problem : wordsOf(error) }
  }
}

/** Files whose size is asked for the progress bar; beyond this it only counts. */
const filesCountedMax = 200_000

/** Bytes below these paths, for the progress bar only: what cannot be looked at counts nothing. */
async function bytesIn(paths: readonly string[]): Promise<number> {
  if (!process.stderr.isTTY) return 0
  const left = [...paths]
  let bytes = 0
  for (let seen = 0; left.length > 0 && seen < filesCountedMax; seen += 1) {
    const file = left.pop() ?? ''
    const found = await stat(file).catch(() => null)
    if (found?.isFile() === true) bytes += found.size
    else if (found?.isDirectory() === true) {
      const entries = await opendir(file).catch(() => null)
      if (entries !== null)
        for await (const entry of entries)
          if (entry.isFile() || entry.isDirectory()) left.push(path.join(file, entry.name))
    }
  }
  return bytes
}
