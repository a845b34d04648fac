import { readFileSync } from 'node:fs'
import { Command, InvalidArgumentError } from 'commander'
import { connectorKinds } from '../connectors/kinds.ts'
import { configVersions, configYaml } from '../db/config-versions.ts'
import { systemClock } from '../kit/clock.ts'
import { Trouble, wordsOf } from '../kit/errors.ts'
import { openKeyRing } from '../main/seal-keys.ts'
import type { ConfigChange } from '../model/config-file.ts'
import {
  type Applied,
  applyConfig,
  type ConfigDesk,
  diffConfig,
  rollBackConfig,
  runningConfig,
} from '../playbooks/config-files.ts'
import { readers } from '../providers/readers.ts'
import { type OpenHouse, openHouse } from './open-house.ts'
import { outFile } from './out-file.ts'
import { shownLines } from './shown-text.ts'

const examples = `
Examples:
  counterfoil config export --out settings.yaml      into a repository of yours; secrets by name only
  counterfoil config diff settings.yaml              what it would change; exit 1 when it would change something
  counterfoil config apply settings.yaml --note "CR-1042"
  counterfoil config history
  counterfoil config rollback 3                      what ran before version 4

With a server running it counts there at once. Not in the file: playbooks, readers, users, keys, log sources (they have versions or
files of their own), counterfoil.yaml, and every secret.`

/** `counterfoil config ...`: the settings of the page as a file. Exit 1 when a difference was found or something failed, 2 when the call was wrong. */
export function configCommand(): Command {
  const config = new Command('config').description('Settings of the page as a file: export, compare, apply, go back.')
  config.addHelpText('after', examples).exitOverride()
  config
    .command('export')
    .description('write what runs as YAML')
    .option('--out <file>', 'where to; "-" is stdout', '-')
    .option('--version <n>', 'an earlier version instead', readVersion)
    .action(exportAction)
  config
    .command('diff')
    .description('say what a file would change')
    .argument('<file>', 'YAML; "-" is stdin')
    .option('--json', 'print as JSON', false)
    .action(diffAction)
  config
    .command('apply')
    .description('make what runs what the file says')
    .argument('<file>', 'YAML; "-" is stdin')
    .option('--note <text>', 'why; kept with the version', '')
    .action(applyAction)
  config
    .command('history')
    .description('versions, the newest first')
    .option('--json', 'print as JSON', false)
    .action(historyAction)
  config
    .command('rollback')
    .description('go back to a version')
    .argument('<version>', 'its number', readVersion)
    .option('--note <text>', 'why; kept with the version', '')
    .action(rollbackAction)
  return config
}

function readVersion(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('a version is a number from 1 on')
  return Number(text)
}

function read(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new Trouble('file.unreadable', { file, problem: wordsOf(error) }, error)
  }
}

async function inHouse<T>(work: (house: OpenHouse) => Promise<T>): Promise<T> {
  const house = await openHouse()
  try {
    return await work(house)
  } finally {
    await house.close()
  }
}

async function deskOf({ database, settings }: OpenHouse): Promise<ConfigDesk> {
  const named = new Set(settings.config.sources.map(({ id }) => id))
  return {
    db: database.db,
    clock: systemClock,
    kinds: connectorKinds,
    keys: await openKeyRing(settings),
    isTaken: (id) => named.has(id),
    formats: readers.map(({ id }) => id),
  }
}

async function exportAction(flags: { out: string; version?: number }): Promise<void> {
  await inHouse(async ({ database: { db } }) => {
    const yaml = flags.version === undefined ? (await runningConfig(db)).yaml : await configYaml(db, flags.version)
    if (yaml === null) throw new Trouble('not.found', { version: flags.version, problem: 'there is no such version' })
    const out = outFile(flags.out)
    await out.write(yaml)
    await out.finish()
  })
}

async function diffAction(file: string, flags: { json: boolean }): Promise<void> {
  const yaml = read(file)
  await inHouse(async ({ database: { db } }) => {
    const { changes, stays } = await diffConfig(db, yaml)
    if (flags.json) process.stdout.write(`${JSON.stringify({ changes, stays })}\n`)
    else {
      print(changes)
      for (const one of stays) process.stdout.write(`= ${shownLines(one)} is not in the file, and stays\n`)
      if (changes.length === 0) process.stdout.write('Nothing would change.\n')
    }
    if (changes.length > 0) process.exitCode = 1
  })
}

function print(changes: readonly ConfigChange[]): void {
  for (const { path, running, wanted } of changes) {
    if (running !== null) process.stdout.write(`- ${shownLines(`${path}: ${running}`)}\n`)
    if (wanted !== null) process.stdout.write(`+ ${shownLines(`${path}: ${wanted}`)}\n`)
  }
}

async function applyAction(file: string, flags: { note: string }): Promise<void> {
  const yaml = read(file)
  await inHouse(async (house) => {
    const { base } = await diffConfig(house.database.db, yaml)
    say(await applyConfig(await deskOf(house), { yaml, base, note: flags.note, by: 'system' }))
  })
}

async function rollbackAction(version: number, flags: { note: string }): Promise<void> {
  await inHouse(async (house) => {
    const { digest } = await runningConfig(house.database.db)
    say(await rollBackConfig(await deskOf(house), { version, base: digest, note: flags.note, by: 'system' }))
  })
}

function say({ version, changes }: Applied): void {
  print(changes)
  process.stdout.write(
    version === null
      ? 'Nothing differed; nothing was changed.\n'
      : `Version ${version}: ${changes.length} ${changes.length === 1 ? 'change' : 'changes'}.\n`,
  )
}

async function historyAction(flags: { json: boolean }): Promise<void> {
  await inHouse(async ({ database: { db } }) => {
    const versions = await configVersions(db)
    if (flags.json) {
      process.stdout.write(`${JSON.stringify(versions)}\n`)
      return
    }
    if (versions.length === 0) process.stdout.write('No file was ever applied.\n')
    for (const { version, kind, at, by, note } of versions)
      process.stdout.write(`${version}\t${at}\t${kind}\t${shownLines(by)}\t${shownLines(note)}\n`)
  })
}
