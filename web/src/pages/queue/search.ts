import type { Tab } from '../../../../src/contract/desk.ts'

/** What narrows the queue, as it stands in the address. */
const filterKeys = [
  'q', 'provider', 'severity', 'level', 'proposed', 'outcome', 'rule', 'entity', 'assignee', 'kind', 'sample', 'lead',
] as const // biome-ignore format: one list
/** In the order in which they stand on the page. */
export const tabs: readonly Tab[] = [
  'needs',
  'answer',
  'approver',
  'provider',
  'asked',
  'running',
  'snoozed',
  'done',
  'all',
]
const knownTabs: ReadonlySet<unknown> = new Set([...tabs, 'merged'])
const keys = [...filterKeys, 'sort', 'group'] as const

/** The address of the queue; several values of a field have commas between them. The server checks them. */
export type QueueSearch = { readonly tab?: Tab } & { readonly [key in (typeof keys)[number]]?: string }

export function queueSearchOf(search: Readonly<Record<string, unknown>>): QueueSearch {
  const texts = keys.flatMap((key) => {
    const value = search[key]
    return value === undefined || value === null || value === '' ? [] : [[key, String(value).slice(0, 1000)]]
  })
  return {
    ...(knownTabs.has(search['tab']) ? { tab: search['tab'] as Tab } : {}),
    ...(Object.fromEntries(texts) as QueueSearch),
  }
}
