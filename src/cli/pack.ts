import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { listPacks, packById, packFile, packFileNames } from '../db/context-packs.ts'
import { systemClock } from '../kit/clock.ts'
import { sha256Hex } from '../kit/digest.ts'
import { Trouble, wordsOf } from '../kit/errors.ts'
import { append } from '../ledger/append.ts'
import { openNote, readVerifierKey } from '../ledger/signed-note.ts'
import { packFormat } from '../model/context-pack.ts'
import { openHouse } from './open-house.ts'

const examples = `
Examples:
  counterfoil pack list
  counterfoil pack export northwatch --out handover/           the newest released version
  counterfoil pack export northwatch --version 3 --out v3/
  counterfoil pack verify handover/ --key "$(cat counterfoil.key)"

A pack is made, reviewed and released on the page Context, Context packs. The key is what \`counterfoil audit key\` prints;
whoever gets packs from you keeps it once and can tell from then on that a pack is yours and whole.`

/** `counterfoil pack ...`: what providers are told about our assets. Exit 1 when something does not hold, 2 when the call was wrong. */
export function packCommand(): Command {
  const pack = new Command('pack').description('List, export and verify context packs.')
  // Before the subcommands are made: they inherit it, and a wrong call then exits 2.
  pack.addHelpText('after', examples).exitOverride()
  pack
    .command('list')
    .description('packs and what was released of them')
    .option('--json', 'print as JSON', false)
    .action(listAction)
  pack
    .command('export')
    .description('write the files of a released version into a folder')
    .argument('<pack>', 'its short name')
    .requiredOption('--out <folder>', 'where to write; made when it is not there')
    .option('--version <n>', 'which version; the newest when left out', readVersion)
    .action(exportAction)
  pack
    .command('verify')
    .description('say whether the files of a folder are the signed ones; needs no database')
    .argument('<folder>', 'with pack.json, the tables and signature.txt')
    .requiredOption('--key <key>', 'the verifier key of the installation that signed')
    .action(verifyAction)
  return pack
}

function readVersion(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('a version is a number from 1 on')
  return Number(text)
}

async function listAction(flags: { json: boolean }): Promise<void> {
  const house = await openHouse()
  try {
    const packs = await listPacks(house.database.db)
    if (flags.json) {
      const rows = packs.map(({ definition, released }) => ({ definition, released }))
      process.stdout.write(`${JSON.stringify(rows)}\n`)
      return
    }
    if (packs.length === 0) process.stdout.write('There is no pack yet. Make one on the page Context, Context packs.\n')
    for (const { definition, released } of packs) {
      const [last] = released
      const state =
        last === undefined
          ? 'nothing released'
          : `version ${last.version} of ${last.releasedAt.slice(0, 10)}, ${last.counts.assets} assets`
      process.stdout.write(`${definition.id}\tfor ${definition.providerId}\t${state}\n`)
    }
  } finally {
    await house.close()
  }
}

async function exportAction(id: string, flags: { out: string; version?: number }): Promise<void> {
  const house = await openHouse()
  const { db } = house.database
  try {
    const pack = await packById(db, id)
    const version = flags.version ?? pack?.released[0]?.version
    if (pack === null || version === undefined || !pack.released.some((one) => one.version === version))
      throw new Trouble('not.found', {
        pack: id,
        version: flags.version ?? 'any',
        problem: 'nothing of it was released',
      })
    mkdirSync(flags.out, { recursive: true, mode: 0o700 })
    for (const name of packFileNames) {
      const bytes = await packFile(db, id, version, name)
      if (bytes !== null) writeFileSync(path.join(flags.out, name), bytes, { mode: 0o600 })
    }
    const body = { version, file: 'all', folder: path.resolve(flags.out) }
    await append(db, { kind: 'pack.downloaded', actor: 'system', subject: `pack:${id}`, body }, systemClock)
    process.stdout.write(`Version ${version} of ${id}: ${packFileNames.length} files in ${flags.out}\n`)
  } catch (error) {
    if (error instanceof Trouble) throw error
    throw new Trouble('file.unreadable', { file: flags.out, problem: wordsOf(error) }, error)
  } finally {
    await house.close()
  }
}

function verifyAction(folder: string, flags: { key: string }): void {
  const problems = problemsOf(folder, flags.key)
  if (problems.length === 0) {
    process.stdout.write('The files are whole, and signed by this key.\n')
    return
  }
  for (const problem of problems) process.stdout.write(`${problem}\n`)
  process.exitCode = 1
}

/** What does not hold of the files of a pack; empty: they are the signed ones. */
export function problemsOf(folder: string, keyText: string): readonly string[] {
  const key = readVerifierKey(keyText.trim())
  if (key === null) throw new Trouble('input.invalid', { option: '--key', problem: 'this is no verifier key' })
  const read = (name: string): Buffer => {
    try {
      return readFileSync(path.join(folder, name))
    } catch (error) {
      throw new Trouble('file.unreadable', { file: path.join(folder, name), problem: wordsOf(error) }, error)
    }
  }
  const note = openNote(read('signature.txt').toString(), key)
  if (note.kind === 'refused') return [`signature.txt: ${note.why}`]
  const [format, ...lines] = note.text.trimEnd().split('\n')
  if (format !== packFormat) return [`signature.txt: it signs "${format}", not a pack`]
  const signed = new Map(
    lines
      .flatMap((line) => [/^([0-9a-f]{64}) {2}(\S+)$/.exec(line)?.slice(1, 3) ?? []])
      .flatMap(([digest, name]) => (digest === undefined || name === undefined ? [] : [[name, digest] as const])),
  )
  return packFileNames
    .filter((name) => name !== 'signature.txt')
    .flatMap((name) => {
      const digest = signed.get(name)
      if (digest === undefined) return [`${name}: the signature does not name it`]
      return sha256Hex(read(name)) === digest ? [] : [`${name}: it is not the file that was signed`]
    })
}
