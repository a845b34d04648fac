import { csvLine } from '../kit/csv.ts'
import type { Asset } from '../model/context.ts'
import {
  type PackAsset,
  type PackChanges,
  type PackContent,
  type PackDefinition,
  type PackField,
  type PackScope,
  type PackVulnerability,
  packFields,
} from '../model/context-pack.ts'
import type { ShareableClass } from '../model/provider.ts'
import type { SensitiveClass } from '../model/reply.ts'
import { applyReview, findSensitive, type SensitiveContext } from './redact.ts'

/** Is this asset one that the pack is about? A list of the scope that is empty asks nothing. */
export function isInScope(asset: Asset, scope: PackScope): boolean {
  const one = (wanted: readonly string[], values: readonly (string | null)[]): boolean =>
    wanted.length === 0 || values.some((value) => value !== null && wanted.some((w) => same(w, value)))
  return (
    one(scope.criticality, [asset.criticality]) &&
    one(scope.environments, [asset.environment]) &&
    one(scope.tags, asset.tags) &&
    one(scope.sites, [asset.site]) &&
    (!scope.exposedOnly || asset.exposed === true)
  )
}

const same = (a: string, b: string): boolean => a.trim().toLowerCase() === b.trim().toLowerCase()

/** How each chosen field leaves under this agreement. A mail address has no pseudonym that says more than its owner's: it is left out. */
export function waysOf(
  definition: PackDefinition,
  mayShare: readonly ShareableClass[],
): Readonly<Record<'plain' | 'pseudonyms' | 'leftOut', readonly PackField[]>> {
  const fields: readonly PackField[] = [...new Set<PackField>(['name', ...definition.fields])]
  const isPlain = (field: PackField): boolean => {
    const kind = packFields[field]
    return kind === null || mayShare.includes(kind)
  }
  const rest = fields.filter((field) => !isPlain(field))
  return {
    plain: fields.filter(isPlain),
    pseudonyms: rest.filter((field) => field !== 'ownerEmail' && field !== 'aliases'),
    leftOut: rest.filter((field) => field === 'ownerEmail' || field === 'aliases'),
  }
}

/** The values of an asset's field, as texts. */
export function valuesOf(asset: Asset, field: PackField): readonly string[] {
  const value = asset[field]
  if (value === null || typeof value === 'boolean') return []
  return Array.isArray(value) ? value : [value]
}

export type Cover = {
  readonly ways: ReturnType<typeof waysOf>
  /** What stands for a value of a field that leaves under a pseudonym. */
  readonly pseudonym: (field: PackField, value: string) => string
  /** Our names, for the fields that are looked through word by word. */
  readonly context: SensitiveContext
  readonly mayShare: readonly ShareableClass[]
}

/** Assets as they leave, and how many places of their texts were blacked out. */
export function coverAssets(
  assets: readonly Asset[],
  cover: Cover,
): { readonly rows: PackAsset[]; readonly placesRedacted: number } {
  const texts = new Map<string, { readonly text: string; readonly places: number }>()
  let placesRedacted = 0
  const plainly = (field: PackField, value: string): string => {
    if (packFields[field] !== null || field === 'criticality' || field === 'sensitivity') return value
    const known = texts.get(value) ?? redacted(value, cover)
    texts.set(value, known)
    placesRedacted += known.places
    return known.text
  }
  const rows = assets.map((asset) => {
    const row: PackAsset = {}
    for (const field of cover.ways.plain) row[field] = mapped(asset[field], (value) => plainly(field, value)) ?? null
    for (const field of cover.ways.pseudonyms)
      row[field] = mapped(asset[field], (value) => cover.pseudonym(field, value)) ?? null
    return row
  })
  return { rows, placesRedacted }
}

type Cell = PackAsset[string]

function mapped(value: Asset[PackField], change: (text: string) => string): Cell {
  if (value === null || typeof value === 'boolean') return value
  return Array.isArray(value) ? [...new Set(value.map(change))] : change(value)
}

/** A business role says "payroll" or "clinic": that is what the field is for, and says nothing of a person. */
const wordsOfPurpose: ReadonlySet<SensitiveClass> = new Set(['hr', 'health'])

/** A text of ours without what the agreement does not let leave. */
function redacted(value: string, { context, mayShare }: Cover): { readonly text: string; readonly places: number } {
  const spans = findSensitive(value, context).map((span) => {
    const stays = wordsOfPurpose.has(span.class) || (mayShare as readonly string[]).includes(span.class)
    return { ...span, verdict: stays ? ('keep' as const) : ('redact' as const) }
  })
  return { text: applyReview(value, spans).text, places: spans.filter(({ verdict }) => verdict === 'redact').length }
}

const asText = (cell: Cell | undefined): string => JSON.stringify(cell ?? null)

/** What is new, gone and different since a version that was released. Rows are known by their name. */
export function changesBetween(
  before: Pick<PackContent, 'version' | 'assets' | 'vulnerabilities'> | null,
  after: Pick<PackContent, 'assets' | 'vulnerabilities'>,
): PackChanges {
  const was = byName(before?.assets ?? [])
  const is = byName(after.assets)
  const changed = [...is].flatMap(([asset, row]) => {
    const old = was.get(asset)
    if (old === undefined) return []
    return [...new Set([...Object.keys(old), ...Object.keys(row)])]
      .filter((field) => asText(old[field]) !== asText(row[field]))
      .map((field) => ({ asset, field, before: old[field] ?? null, after: row[field] ?? null }))
  })
  const wasOpen = openOf(before?.vulnerabilities ?? [])
  const isOpen = openOf(after.vulnerabilities)
  return {
    since: before?.version ?? null,
    added: [...is.keys()].filter((name) => !was.has(name)),
    removed: [...was.keys()].filter((name) => !is.has(name)),
    changed,
    opened: [...isOpen].filter(([key]) => !wasOpen.has(key)).map(([, one]) => one),
    closed: [...wasOpen].filter(([key]) => !isOpen.has(key)).map(([, one]) => one),
  }
}

function byName(rows: readonly PackAsset[]): Map<string, PackAsset> {
  return new Map(rows.map((row) => [String(row['name']), row]))
}

function openOf(rows: readonly PackVulnerability[]): Map<string, { asset: string; cve: string }> {
  return new Map(rows.map(({ asset, cve }) => [`${asset}\n${cve}`, { asset, cve }]))
}

/** The tables of a pack, for people and programs that read no JSON. */
export function tablesOf(content: PackContent): Readonly<Record<'assets' | 'vulnerabilities' | 'changes', string>> {
  const columns = ['name', ...content.fields.filter((field) => field !== 'name')].filter(
    (field) => !(content.withheld.leftOut as readonly string[]).includes(field),
  )
  const { changes } = content
  const rows: (readonly string[])[] = [
    ...changes.added.map((asset) => ['added', asset, '', '', '']),
    ...changes.removed.map((asset) => ['removed', asset, '', '', '']),
    ...changes.changed.map((one) => ['changed', one.asset, one.field, cellText(one.before), cellText(one.after)]),
    ...changes.opened.map((one) => ['opened', one.asset, one.cve, '', '']),
    ...changes.closed.map((one) => ['closed', one.asset, one.cve, '', '']),
  ]
  const table = (head: readonly string[], body: readonly (readonly string[])[]): string =>
    [head, ...body].map(csvLine).join('')
  return {
    assets: table(
      columns,
      content.assets.map((row) => columns.map((field) => cellText(row[field] ?? null))),
    ),
    vulnerabilities: table(
      ['asset', 'cve', 'severity', 'since', 'due', 'knownExploited'],
      content.vulnerabilities.map((one) => [
        one.asset,
        one.cve,
        one.severity ?? '',
        one.since ?? '',
        one.due ?? '',
        one.knownExploited ? 'yes' : 'no',
      ]),
    ),
    changes: table(['what', 'asset', 'fieldOrCve', 'before', 'after'], rows),
  }
}

function cellText(cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no'
  return Array.isArray(cell) ? cell.join(' ') : cell
}
