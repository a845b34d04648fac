import { parse, stringify } from 'yaml'
import { configVersions, configYaml, keepConfig, lockConfig, watchesSet } from '../db/config-versions.ts'
import { watchSilence } from '../db/connector-state.ts'
import { storedConnectors } from '../db/connectors.ts'
import { type Db, transaction } from '../db/open.ts'
import { listProviders, providersInUse, saveProvider } from '../db/providers.ts'
import { removeSetting, type SettingKey, type SettingOf, saveSetting, settingOf } from '../db/settings.ts'
import { saveLimit } from '../db/source-watch.ts'
import { ticketingOf } from '../db/tickets.ts'
import { sha256Hex } from '../kit/digest.ts'
import { isDomain } from '../kit/domain.ts'
import { Trouble, wordsOf } from '../kit/errors.ts'
import { append } from '../ledger/append.ts'
import { type ConfigChange, ConfigFile, changesBetween, configFormat } from '../model/config-file.ts'
import { changeOffices, officesNow } from './approvals/offices.ts'
import { checkProvider } from './check-provider.ts'
import { type DeskParts, saveDraft } from './connector-desk.ts'
import { changeTicketing } from './tickets.ts'

/** What the configuration is read from and written to. */
export type ConfigDesk = DeskParts & { readonly formats: readonly string[] }

/** A document of some hundred providers and connectors has a megabyte at most. */
const yamlCharsMax = 4_000_000

export type Running = { readonly yaml: string; readonly digest: string; readonly file: ConfigFile }

/** What runs now, as one document. */
export async function runningConfig(db: Db): Promise<Running> {
  const [
    providers,
    ticketing,
    connectors,
    watches,
    ownDomains,
    replyHoldSeconds,
    releaseSigning,
    secondWait,
    sourcePrecedence,
    offices,
  ] = await Promise.all([
    listProviders(db),
    ticketingOf(db),
    storedConnectors(db),
    watchesSet(db),
    settingOf(db, 'own-domains'),
    settingOf(db, 'reply-hold-seconds'),
    settingOf(db, 'release-signing'),
    settingOf(db, 'second-wait'),
    settingOf(db, 'source-precedence'),
    settingOf(db, 'offices'),
  ])
  const file: ConfigFile = {
    format: configFormat,
    settings: {
      ...{ ownDomains, replyHoldSeconds, releaseSigning, secondWait, sourcePrecedence },
      offices: offices?.offices ?? null,
    },
    providers: Object.fromEntries(providers.map(({ id, ...rest }) => [id, rest])),
    ticketing: ticketing.rules,
    connectors: Object.fromEntries(
      connectors.map(({ id, kind, title, enabled, settings, secrets }) => [
        id,
        { kind, title, enabled, settings: { ...settings }, secrets: [...secrets.keys()].toSorted() },
      ]),
    ),
    watches,
  }
  const yaml = stringify(file, { lineWidth: 120 })
  return { yaml, digest: sha256Hex(Buffer.from(yaml)), file }
}

/** Reads a document. Throws Trouble('input.invalid') with the places that are wrong. */
export function configOf(yaml: string): ConfigFile {
  if (yaml.length > yamlCharsMax) throw new Trouble('input.too-large', { chars: yaml.length, most: yamlCharsMax })
  let document: unknown
  try {
    document = parse(yaml, { maxAliasCount: 0 })
  } catch (error) {
    throw new Trouble('input.invalid', { fields: { yaml: wordsOf(error).split('\n')[0] ?? 'This is no YAML' } }, error)
  }
  const read = ConfigFile.safeParse(document)
  if (read.success) return read.data
  const fields = read.error.issues.slice(0, 20).map(({ path, message }) => [path.join('.') || 'yaml', message])
  throw new Trouble('input.invalid', { fields: Object.fromEntries(fields) })
}

export type Difference = {
  /** Digest of what runs; an apply that names another is refused. */
  readonly base: string
  readonly changes: readonly ConfigChange[]
  /** What runs, is not in the file, and stays: taking it away is done where it is set up. */
  readonly stays: readonly string[]
}

/** What a document would change of what runs; changes nothing. */
export async function diffConfig(db: Db, yaml: string): Promise<Difference> {
  const wanted = configOf(yaml)
  return differenceOf(await runningConfig(db), wanted)
}

function differenceOf(running: Running, wanted: ConfigFile): Difference {
  const stays = (['providers', 'connectors'] as const).flatMap((noun) =>
    Object.keys(running.file[noun])
      .filter((id) => wanted[noun][id] === undefined)
      .map((id) => ({ noun, id })),
  )
  const kept = structuredClone(wanted)
  for (const { noun, id } of stays) Object.assign(kept[noun], { [id]: running.file[noun][id] })
  // A file cannot bring or take a secret.
  for (const [id, connector] of Object.entries(kept.connectors))
    connector.secrets = running.file.connectors[id]?.secrets ?? []
  return {
    base: running.digest,
    changes: changesBetween(running.file, kept),
    stays: stays.map(({ noun, id }) => `${noun}.${id}`),
  }
}

export type Applying = {
  readonly yaml: string
  /** Digest of what the difference was looked at against. */
  readonly base: string
  readonly note: string
  readonly by: string
  readonly kind?: 'applied' | 'rolled-back'
}
export type Applied = { readonly version: number | null; readonly changes: readonly ConfigChange[] }

/**
 * Makes what runs what the document says: all of it or nothing, each change with the ledger line it has on its page. What ran before is kept as
 * a version of its own. Throws Trouble('state.conflict') when something changed since the difference was looked at.
 */
export async function applyConfig(desk: ConfigDesk, applying: Applying): Promise<Applied> {
  const wanted = configOf(applying.yaml)
  const { by, note, kind = 'applied' } = applying
  return transaction(desk.db, async (tx) => {
    await lockConfig(tx)
    const running = await runningConfig(tx)
    if (running.digest !== applying.base)
      throw new Trouble('state.conflict', { base: applying.base, running: running.digest })
    const { changes } = differenceOf(running, wanted)
    if (changes.length === 0) return { version: null, changes }
    const now = desk.clock.now()
    const [newest] = await configVersions(tx)
    if (newest?.digest !== running.digest)
      await keepConfig(tx, { kind: 'before', yaml: running.yaml, digest: running.digest, note: '', by }, now)
    await write({ ...desk, db: tx }, running.file, wanted, by)
    const after = await runningConfig(tx)
    const version = await keepConfig(tx, { kind, yaml: after.yaml, digest: after.digest, note, by }, now)
    const body = {
      version,
      kind,
      note,
      before: running.digest,
      after: after.digest,
      paths: changes.map(({ path }) => path),
    }
    await append(tx, { kind: 'config.applied', actor: by, subject: 'config', body }, desk.clock)
    return { version, changes }
  })
}

/** Applies an earlier version. Throws Trouble('not.found') where there is none. */
export async function rollBackConfig(
  desk: ConfigDesk,
  back: { readonly version: number; readonly base: string; readonly note: string; readonly by: string },
): Promise<Applied> {
  const yaml = await configYaml(desk.db, back.version)
  if (yaml === null) throw new Trouble('not.found')
  const note = back.note === '' ? `back to version ${back.version}` : `back to version ${back.version}: ${back.note}`
  return applyConfig(desk, { yaml, base: back.base, note, by: back.by, kind: 'rolled-back' })
}

async function write(desk: ConfigDesk, running: ConfigFile, wanted: ConfigFile, by: string): Promise<void> {
  await writeProviders(desk, running, wanted, by)
  await writeSettings(desk, running, wanted, by)
  await writeConnectors(desk, running, wanted, by)
  if (changesBetween(running.ticketing, wanted.ticketing).length > 0) {
    const { version } = await ticketingOf(desk.db)
    await changeTicketing({ db: desk.db, clock: desk.clock }, { rules: wanted.ticketing, version, by })
  }
  await writeWatches(desk, running, wanted, by)
}

async function writeProviders(
  { db, clock, formats }: ConfigDesk,
  running: ConfigFile,
  wanted: ConfigFile,
  by: string,
): Promise<void> {
  const versions = new Map((await providersInUse(db)).map(({ provider, version }) => [provider.id, version]))
  for (const [id, rest] of Object.entries(wanted.providers)) {
    if (running.providers[id] !== undefined && changesBetween(running.providers[id], rest).length === 0) continue
    const provider = { ...rest, id }
    checkProvider(provider, id, formats)
    const version = await saveProvider(db, provider, versions.get(id) ?? 0, clock.now())
    if (version === null) throw new Trouble('state.conflict', { provider: id })
    const line = {
      kind: 'provider.changed',
      actor: by,
      subject: `provider:${id}`,
      body: { version, config: provider },
    } as const
    await append(db, line, clock)
  }
}

async function writeSettings(desk: ConfigDesk, running: ConfigFile, wanted: ConfigFile, by: string): Promise<void> {
  const bad = (wanted.settings.ownDomains ?? []).find((domain) => !isDomain(domain))
  if (bad !== undefined)
    throw new Trouble('input.invalid', { fields: { 'settings.ownDomains': `${bad} is no domain` } })
  await writeOffices(desk, running, wanted, by)
  const { offices: _running, ...before } = running.settings
  const { offices: _wanted, ...settings } = wanted.settings
  if (changesBetween(before, settings).length === 0) return
  const { ownDomains, replyHoldSeconds, releaseSigning, secondWait, sourcePrecedence } = settings
  await setOrRemove(desk, 'own-domains', ownDomains, by)
  await setOrRemove(desk, 'reply-hold-seconds', replyHoldSeconds, by)
  await setOrRemove(desk, 'release-signing', releaseSigning, by)
  await setOrRemove(desk, 'second-wait', secondWait, by)
  await setOrRemove(desk, 'source-precedence', sourcePrecedence, by)
  await append(desk.db, { kind: 'setting.changed', actor: by, subject: 'settings', body: { ...settings } }, desk.clock)
}

/** As on their page: each name must be of somebody who may sign. Where the file says nothing of them they are as they come. */
async function writeOffices(desk: ConfigDesk, running: ConfigFile, wanted: ConfigFile, by: string): Promise<void> {
  if (changesBetween(running.settings.offices, wanted.settings.offices).length === 0) return
  const { offices } = wanted.settings
  if (offices !== null) {
    await changeOffices(desk, { offices, version: (await officesNow(desk.db)).version, by })
    return
  }
  await removeSetting(desk.db, 'offices')
  const body = { offices: null }
  await append(desk.db, { kind: 'setting.changed', actor: by, subject: 'settings', body }, desk.clock)
}

async function setOrRemove<K extends SettingKey>(
  { db, clock }: ConfigDesk,
  key: K,
  value: SettingOf<K> | null,
  by: string,
): Promise<void> {
  if (value === null) await removeSetting(db, key)
  else await saveSetting(db, key, value, by, clock.now())
}

async function writeConnectors(desk: ConfigDesk, running: ConfigFile, wanted: ConfigFile, by: string): Promise<void> {
  const versions = new Map((await storedConnectors(desk.db)).map(({ id, version }) => [id, version]))
  for (const [id, { secrets: _secrets, ...rest }] of Object.entries(wanted.connectors)) {
    const before = running.connectors[id]
    const { secrets: _stored, ...now } = before ?? { secrets: [] }
    if (before !== undefined && changesBetween(now, rest).length === 0) continue
    await saveDraft(desk, { id, ...rest, secrets: {}, version: versions.get(id) ?? 0 }, by)
  }
}

async function writeWatches(
  { db, clock }: ConfigDesk,
  running: ConfigFile,
  wanted: ConfigFile,
  by: string,
): Promise<void> {
  for (const source of changedWatches(running, wanted)) {
    const minutes = wanted.watches[source] ?? null
    if (source.startsWith('connector:')) {
      const hours = minutes === null ? null : Math.max(1, Math.ceil(minutes / 60))
      await watchSilence(db, source.slice('connector:'.length), hours)
    } else if (/^(?:provider|door|feed):/u.test(source)) await saveLimit(db, source, minutes, by, clock.now())
    else
      throw new Trouble('input.invalid', {
        fields: { [`watches.${source}`]: 'Only provider:, door:, feed: and connector: are watched here' },
      })
    const body = { before: running.watches[source] ?? null, silentAfterMinutes: minutes }
    await append(db, { kind: 'source.watched', actor: by, subject: source, body }, clock)
  }
}

function changedWatches(running: ConfigFile, wanted: ConfigFile): string[] {
  return [...new Set([...Object.keys(running.watches), ...Object.keys(wanted.watches)])]
    .toSorted()
    .filter((source) => running.watches[source] !== wanted.watches[source])
}
