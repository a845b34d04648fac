import type { CalendarKind } from '../../../../src/model/calendar.ts'
import type { ListNoun } from '../../../../src/model/list.ts'

/** How the page names a fact, and how it is entered. */
export type FactKind = 'text' | 'level' | 'yes-no' | 'list'
type FactWord = { readonly title: string; readonly kind: FactKind }

// biome-ignore format: a table reads better in few lines
export const assetWords: Readonly<Record<string, FactWord>> = {
  name: { title: 'Name', kind: 'text' },
  owner: { title: 'Owner', kind: 'text' },
  ownerEmail: { title: 'Owner, mail', kind: 'text' },
  role: { title: 'Business role', kind: 'text' },
  application: { title: 'Application', kind: 'text' },
  environment: { title: 'Environment', kind: 'text' },
  criticality: { title: 'Criticality', kind: 'level' },
  sensitivity: { title: 'Sensitivity', kind: 'level' },
  regulatory: { title: 'Regulations', kind: 'list' },
  exposed: { title: 'Faces the internet', kind: 'yes-no' },
  site: { title: 'Site', kind: 'text' },
  addresses: { title: 'Addresses now', kind: 'list' },
  aliases: { title: 'Other names', kind: 'list' },
  tags: { title: 'Tags', kind: 'list' },
  software: { title: 'Software', kind: 'list' },
}

// biome-ignore format: a table reads better in few lines
export const personWords: Readonly<Record<string, FactWord>> = {
  name: { title: 'Name', kind: 'text' },
  email: { title: 'Mail', kind: 'text' },
  accounts: { title: 'Accounts', kind: 'list' },
  department: { title: 'Department', kind: 'text' },
  title: { title: 'Position', kind: 'text' },
  manager: { title: 'Manager', kind: 'text' },
  privileged: { title: 'Privileged', kind: 'yes-no' },
  groups: { title: 'Groups', kind: 'list' },
  deputy: { title: 'Deputy', kind: 'text' },
}

/** Fields of the lists that have no page of facts, and those that only a list has. */
const listWords: Readonly<Record<string, string>> = {
  ...{ id: 'Its id there', firstName: 'First name', lastName: 'Last name', addresses: 'Addresses' },
  ...{ cidr: 'Range', mask: 'Mask', zone: 'Security zone' },
  ...{ address: 'Address', from: 'From', to: 'Until', host: 'Machine', account: 'Account', mac: 'Hardware address' },
  ...{ kind: 'Kind', assets: 'Machines it is about', networks: 'Ranges it is about', origins: 'Where it comes from' },
  ...{ everything: 'About everything', person: 'Who is away', note: 'Note' },
}

/** How a field of a list is called beside the column that fills it. */
export function listFieldWords(noun: ListNoun, field: string): string {
  if (noun === 'calendar' && field === 'title') return 'What is planned'
  const facts = noun === 'people' ? personWords : assetWords
  return listWords[field] ?? facts[field]?.title ?? field
}

export const calendarWords: Record<CalendarKind, string> = {
  change: 'Change',
  maintenance: 'Maintenance',
  pentest: 'Test or scan',
  exercise: 'Exercise',
  absence: 'Absence',
  other: 'Other',
}

/** "unknown" is a value: it never looks like an empty cell. */
export function factText(value: unknown): string | null {
  if (value === null || value === undefined) return null
  if (Array.isArray(value)) return value.length === 0 ? null : value.join(', ')
  if (typeof value === 'boolean') return value ? 'Yes' : 'No'
  return String(value)
}
