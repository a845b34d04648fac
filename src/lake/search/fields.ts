import { type LakeColumn, lakeColumns } from '../../model/lake.ts'

/** What the name before a colon stands for. */
export type Target =
  | { readonly kind: 'column'; readonly column: LakeColumn }
  /** Any observable of the event, wherever in it: what the text index finds in milliseconds. */
  | { readonly kind: 'observable' }
  /** The line as it came. */
  | { readonly kind: 'raw' }
  /** An event by itself: "<load>-<line>". */
  | { readonly kind: 'id' }
  /** A field under the vendor's own name. */
  | { readonly kind: 'vendor'; readonly name: string }

/** Before a vendor's name that is one of ours too: `fields.status`. */
const vendorPrefix = 'fields.'

const byName: ReadonlyMap<string, Target> = new Map<string, Target>([
  ...(lakeColumns as readonly LakeColumn[]).flatMap((column) =>
    [column.ocsf, column.column, ...column.aliases].map((name): [string, Target] => [name, { kind: 'column', column }]),
  ),
  ['observable', { kind: 'observable' }],
  ['raw', { kind: 'raw' }],
  ['id', { kind: 'id' }],
])

/** Ours by OCSF path, column or alias, in whatever case; everything else is a vendor's field, exactly as written. */
export function targetOf(name: string): Target {
  if (name.startsWith(vendorPrefix)) return { kind: 'vendor', name: name.slice(vendorPrefix.length) }
  return byName.get(name.toLowerCase()) ?? { kind: 'vendor', name }
}

/** A column by OCSF path, column or alias; undefined: none of ours. */
export function columnOf(name: string): LakeColumn | undefined {
  const target = byName.get(name.toLowerCase())
  return target?.kind === 'column' ? target.column : undefined
}
