import type { Asset, Person } from '../model/context.ts'

/** What an asset is looked up by: lower-case name and aliases, and their first labels. */
export function namesOf(asset: Pick<Asset, 'name' | 'aliases'>): string[] {
  const names = [asset.name, ...asset.aliases].map((name) => name.toLowerCase())
  return [...new Set([...names, ...names.map((name) => name.split('.')[0] ?? name)])].filter((name) => name !== '')
}

/** What a person is looked up by: lower-case mail address, accounts and name; mail and accounts also without their domain. */
export function keysOf(person: Pick<Person, 'name' | 'email' | 'accounts'>): string[] {
  const accounts = [person.email ?? '', ...person.accounts].map((key) => key.toLowerCase())
  const users = accounts.map((key) => key.replace(/^.*\\/, '').replace(/@.*$/, ''))
  return [...new Set([...accounts, ...users, person.name.toLowerCase()])].filter((key) => key !== '')
}
