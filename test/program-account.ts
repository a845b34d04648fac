import { addApiKey } from '../src/db/api-keys.ts'
import type { Db } from '../src/db/open.ts'
import { addUser } from '../src/db/users.ts'
import type { Role } from '../src/model/user.ts'

/** The account of a program, and how to make keys for it. */
export async function program(
  db: Db,
  role: Role,
  providerId: string | null = null,
): Promise<{
  readonly id: string
  readonly newKey: (scopes: readonly string[], allowFrom?: readonly string[], expiresAt?: Date) => Promise<string>
}> {
  const id = crypto.randomUUID()
  const account = {
    id,
    email: `service:${id}`,
    name: 'A program',
    role,
    disabled: false,
    kind: 'service' as const,
    providerId,
  }
  const none = { passwordHash: null, totpSealed: null, totpLastStep: 0 }
  await addUser(db, { ...account, createdAt: new Date().toISOString() }, none)
  const newKey = async (
    scopes: readonly string[],
    allowFrom: readonly string[] = [],
    expiresAt = new Date(Date.now() + 3600_000),
  ): Promise<string> => {
    const about = { accountId: id, name: 'a key', scopes, allowFrom, expiresAt, by: 'system' }
    return (await addApiKey(db, about, new Date())).key
  }
  return { id, newKey }
}
