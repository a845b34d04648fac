import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { Tables } from '../src/db/tables.ts'
import { addUser } from '../src/db/users.ts'
import type { Role } from '../src/model/user.ts'

type Somebody = { readonly name: string; readonly role: Role }

/** People of the house, with an address made of their name. */
export async function addPeople<const T extends readonly Somebody[]>(
  db: Kysely<Tables>,
  people: T,
): Promise<{ -readonly [K in keyof T]: { id: string; email: string } }> {
  const made = people.map(({ name, role }) => ({
    ...{ id: randomUUID(), name, role, email: `${name.toLowerCase().replaceAll(' ', '.')}@customer.example` },
    ...{ createdAt: '2026-01-01T00:00:00.000Z', disabled: false },
  }))
  for (const user of made) await addUser(db, user, { passwordHash: null, totpSealed: null, totpLastStep: 0 })
  return made as unknown as { -readonly [K in keyof T]: { id: string; email: string } }
}
