import type { Db } from '../../../db/open.ts'
import { providerById } from '../../../db/providers.ts'
import { Trouble } from '../../../kit/errors.ts'
import type { Role } from '../../../model/user.ts'

/** The provider that goes with a role: one that exists for a provider's analyst, none for everybody else. */
export async function providerFor(db: Db, role: Role, providerId: string | null): Promise<string | null> {
  if (role !== 'provider-analyst') return null
  if (providerId !== null && (await providerById(db, providerId)) !== null) return providerId
  throw new Trouble('input.invalid', { fields: { providerId: 'Say which provider this analyst belongs to' } })
}
