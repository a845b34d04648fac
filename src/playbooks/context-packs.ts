import type { Kysely } from 'kysely'
import {
  everyAsset,
  insertPackVersion,
  openWeaknesses,
  type PackFiles,
  packById,
  packFile,
  savePack,
  savePackDraft,
} from '../db/context-packs.ts'
import { type Db, transaction } from '../db/open.ts'
import { ownRanges, privateNames } from '../db/private-names.ts'
import { providerById } from '../db/providers.ts'
import { type PseudonymKind, pseudonymsFor } from '../db/pseudonyms.ts'
import type { Tables } from '../db/tables.ts'
import { canonicalJson } from '../kit/canonical-json.ts'
import type { Clock } from '../kit/clock.ts'
import { sha256Hex } from '../kit/digest.ts'
import { Trouble } from '../kit/errors.ts'
import { append } from '../ledger/append.ts'
import type { LedgerKey } from '../ledger/key.ts'
import { signNote } from '../ledger/signed-note.ts'
import type { Asset } from '../model/context.ts'
import {
  type PackAsset,
  PackContent,
  type PackDefinition,
  type PackField,
  type PackVulnerability,
  packAssetsMax,
  packFields,
  packFormat,
  packVulnerabilitiesMax,
} from '../model/context-pack.ts'
import type { Provider } from '../model/provider.ts'
import { changesBetween, coverAssets, isInScope, tablesOf, valuesOf, waysOf } from '../triage/context-pack.ts'
import { indexLists, sensitiveContext, valueKey } from '../triage/redact.ts'

export type PackDesk = {
  readonly db: Kysely<Tables>
  readonly clock: Clock
  readonly key: LedgerKey
  readonly ownDomains: readonly string[]
}

const subjectOf = (id: string): string => `pack:${id}`
const kinds: Readonly<Partial<Record<PackField, PseudonymKind>>> = {
  name: 'HOST',
  addresses: 'ADDRESS',
  owner: 'USER',
}

/** Adds (version 0) or changes what is shared with a provider. Throws Trouble('state.conflict' | 'input.invalid'). */
export async function definePack(
  desk: PackDesk,
  define: { readonly definition: PackDefinition; readonly version: number; readonly by: string },
): Promise<number> {
  const { definition, by } = define
  return transaction(desk.db, async (tx) => {
    await providerOf(tx, definition)
    const before = await packById(tx, definition.id, { lock: true })
    if (before !== null && before.definition.providerId !== definition.providerId && before.released.length > 0)
      throw new Trouble('input.invalid', { fields: { providerId: 'A pack that was released stays with its provider' } })
    const version = await savePack(tx, definition, define.version, by, desk.clock.now())
    if (version === null) throw new Trouble('state.conflict', { pack: definition.id, seen: define.version })
    const { providerId, fields, scope, vulnerabilities } = definition
    const body = { providerId, fields, scope, vulnerabilities, version }
    await append(tx, { kind: 'pack.defined', actor: by, subject: subjectOf(definition.id), body }, desk.clock)
    return version
  })
}

async function providerOf(tx: Db, definition: PackDefinition): Promise<Provider> {
  const provider = await providerById(tx, definition.providerId)
  if (provider === null) throw new Trouble('input.invalid', { fields: { providerId: 'There is no such provider' } })
  return provider
}

/** What the next version would be, kept for review. Nothing of it has left. */
export async function draftPack(desk: PackDesk, draft: { readonly id: string; readonly by: string }): Promise<void> {
  const content = await contentOf(desk, draft.id)
  const json = Buffer.from(`${canonicalJson(content)}\n`)
  const digest = sha256Hex(json)
  await transaction(desk.db, async (tx) => {
    await savePackDraft(tx, draft.id, { json, digest, by: draft.by }, desk.clock.now())
    const body = { digest, version: content.version, ...packCountsOf(content), withheld: content.withheld }
    await append(tx, { kind: 'pack.drafted', actor: draft.by, subject: subjectOf(draft.id), body }, desk.clock)
  })
}

async function contentOf(desk: PackDesk, id: string): Promise<PackContent> {
  const { db } = desk
  const pack = await packById(db, id)
  if (pack === null) throw new Trouble('not.found', { pack: id })
  const { definition } = pack
  const provider = await providerOf(db, definition)
  const { assets, outOfScope } = await assetsInScope(db, definition)
  const ways = waysOf(definition, provider.mayShare)
  const [lists, ownNetworks] = await Promise.all([privateNames(db), ownRanges(db)])
  const covered = coverAssets(assets, {
    ways,
    mayShare: provider.mayShare,
    pseudonym: await pseudonymsOf(db, provider.id, ways.pseudonyms, assets),
    context: sensitiveContext({
      ...{ lists: indexLists(lists), accounts: [], hosts: [], ownNetworks, ownDomains: desk.ownDomains },
      ...{ providerDomains: provider.domains, providerWrote: '', references: [] },
    }),
  })
  const last = pack.released[0]
  const before = last === undefined ? null : await packFile(db, id, last.version, 'pack.json')
  const weaknesses = await weaknessesOf(desk, definition, assets, covered.rows)
  const rows = { assets: covered.rows, vulnerabilities: weaknesses }
  return {
    ...{ format: packFormat, pack: id, title: definition.title, provider: provider.id },
    version: (last?.version ?? 0) + 1,
    madeAt: desk.clock.now().toISOString(),
    ...{ scope: definition.scope, fields: definition.fields },
    withheld: {
      pseudonyms: [...ways.pseudonyms],
      leftOut: [...ways.leftOut],
      placesRedacted: covered.placesRedacted,
      assetsOutOfScope: outOfScope,
    },
    ...rows,
    changes: changesBetween(before === null ? null : contentIn(before), rows),
  }
}

/** Open weaknesses of the assets that are in the pack, under the names that these have there. */
async function weaknessesOf(
  { db, clock }: PackDesk,
  definition: PackDefinition,
  assets: readonly Asset[],
  rows: readonly PackAsset[],
): Promise<PackVulnerability[]> {
  if (definition.vulnerabilities === 'none') return []
  const shown = new Map<string, string>()
  for (const [at, asset] of assets.entries())
    for (const name of [asset.name, ...asset.aliases]) shown.set(name.toLowerCase(), String(rows[at]?.['name']))
  const knownExploitedOnly = definition.vulnerabilities === 'known-exploited'
  const found = await openWeaknesses(db, { knownExploitedOnly, most: packVulnerabilitiesMax, now: clock.now() })
  if (found.length > packVulnerabilitiesMax)
    throw new Trouble('input.too-large', { pack: definition.id, most: packVulnerabilitiesMax, what: 'vulnerabilities' })
  return found.flatMap((one) => {
    const asset = shown.get(one.asset.toLowerCase())
    return asset === undefined ? [] : [{ ...one, asset }]
  })
}

const contentIn = (bytes: Buffer): PackContent => PackContent.parse(JSON.parse(bytes.toString()))

async function assetsInScope(
  db: Db,
  definition: PackDefinition,
): Promise<{ readonly assets: readonly Asset[]; readonly outOfScope: number }> {
  const assets: Asset[] = []
  let outOfScope = 0
  for await (const piece of everyAsset(db)) {
    const chosen = piece.filter((asset) => isInScope(asset, definition.scope))
    outOfScope += piece.length - chosen.length
    assets.push(...chosen)
    if (assets.length > packAssetsMax)
      throw new Trouble('input.too-large', {
        pack: definition.id,
        most: packAssetsMax,
        what: 'assets; narrow the scope',
      })
  }
  return { assets, outOfScope }
}

async function pseudonymsOf(
  db: Kysely<Tables>,
  providerId: string,
  fields: readonly PackField[],
  assets: readonly Asset[],
): Promise<(field: PackField, value: string) => string> {
  const given = new Map<PackField, ReadonlyMap<string, string>>()
  for (const field of fields) {
    const kind = kinds[field]
    if (kind === undefined) throw new Error(`no pseudonym stands for ${field}`)
    const values = [...new Set(assets.flatMap((asset) => valuesOf(asset, field)).map(valueKey))]
    given.set(field, await transaction(db, (tx) => pseudonymsFor(tx, providerId, kind, values)))
  }
  return (field, value) => {
    const pseudonym = given.get(field)?.get(valueKey(value))
    if (pseudonym === undefined) throw new Error(`a ${packFields[field]} has no pseudonym`)
    return pseudonym
  }
}

/** What a page and the ledger say of a pack's size. */
export const packCountsOf = ({ assets, vulnerabilities, changes }: PackContent) => ({
  assets: assets.length,
  vulnerabilities: vulnerabilities.length,
  changes:
    changes.added.length +
    changes.removed.length +
    changes.changed.length +
    changes.opened.length +
    changes.closed.length,
})

/**
 * Lets the draft that was reviewed leave, as the next version: its bytes are fixed, signed and written into the ledger. `digest` is of the
 * draft that the person saw; another one is Trouble('state.conflict').
 */
export async function releasePack(
  desk: PackDesk,
  release: { readonly id: string; readonly digest: string; readonly by: string },
): Promise<number> {
  return transaction(desk.db, async (tx) => {
    const pack = await packById(tx, release.id, { lock: true })
    if (pack === null) throw new Trouble('not.found', { pack: release.id })
    if (pack.draft?.digest !== release.digest)
      throw new Trouble('state.conflict', { pack: release.id, draft: pack.draft?.digest ?? null, seen: release.digest })
    const content = contentIn(pack.draft.json)
    const tables = tablesOf(content)
    const bytes: PackFiles = {
      'pack.json': pack.draft.json,
      'assets.csv': Buffer.from(tables.assets),
      'vulnerabilities.csv': Buffer.from(tables.vulnerabilities),
      'changes.csv': Buffer.from(tables.changes),
    }
    const files = Object.fromEntries(Object.entries(bytes).map(([name, one]) => [name, sha256Hex(one)]))
    const { version } = content
    const signature = signNote(noteText(content, files), desk.key.verifier, desk.key.privateKey)
    const made = { version, files, signature, counts: packCountsOf(content), releasedBy: release.by, bytes }
    await insertPackVersion(tx, release.id, made, desk.clock.now())
    const body = { providerId: content.provider, version, files, ...packCountsOf(content) }
    await append(tx, { kind: 'pack.released', actor: release.by, subject: subjectOf(release.id), body }, desk.clock)
    return version
  })
}

/** What is signed: which pack, which version, and the digest of every file of it. */
function noteText(content: PackContent, files: Readonly<Record<string, string>>): string {
  const lines = Object.entries(files).map(([name, digest]) => `${digest}  ${name}`)
  return `${[packFormat, content.pack, content.provider, content.version, ...lines].join('\n')}\n`
}
