import { doorKeysLivingMax } from '../../../contract/provider-door.ts'
import { addApiKey, livingKeysOf, revokeApiKey, systemsOfProvider } from '../../../db/api-keys.ts'
import { oneAtATime } from '../../../db/one-at-a-time.ts'
import { type Db, transaction } from '../../../db/open.ts'
import { doorOf } from '../../../db/provider-door.ts'
import { providerById } from '../../../db/providers.ts'
import { addUser } from '../../../db/users.ts'
import { Trouble } from '../../../kit/errors.ts'
import { rangeIsNarrow, rangeWithin } from '../../../kit/ip-ranges.ts'
import { append } from '../../../ledger/append.ts'
import { known, serve } from '../../serve.ts'

const dayMs = 24 * 3600_000
/** The widest range of a key: a /16 is the largest network that one company's systems sit behind; a list of everything is no list. */
const freeBitsMax = 16

/** The one account of a provider's systems: it can only be at the door, cannot sign in, and is made with the first key. */
async function accountOf(tx: Db, provider: { readonly id: string; readonly name: string }, now: Date): Promise<string> {
  const found = await systemsOfProvider(tx, provider.id)
  if (found !== null) return found.id
  const id = crypto.randomUUID()
  await addUser(
    tx,
    {
      ...{ id, email: `service:${id}`, name: `Systems of ${provider.name}`, role: 'provider-analyst', disabled: false },
      ...{ createdAt: now.toISOString(), kind: 'service', providerId: provider.id },
    },
    { passwordHash: null, totpSealed: null, totpLastStep: 0 },
  )
  return id
}

/** Where they may come from is the second thing that they have; one address outside is one too many. */
function checkFrom(allowFrom: readonly string[], ofDoor: readonly string[]): void {
  for (const [place, range] of allowFrom.entries()) {
    const wrong = (says: string) => new Trouble('input.invalid', { fields: { [`allowFrom.${place}`]: says } })
    if (!rangeIsNarrow(range, freeBitsMax))
      throw wrong(`${range} is too wide: name a /16 at most (IPv6: a /48), where their systems are`)
    if (ofDoor.length > 0 && !rangeWithin(range, ofDoor))
      throw wrong(`${range} is not among the addresses that they may come from (above)`)
  }
}

export const makeDoorKey = serve('POST /api/providers/:id/door/keys', async ({ front, params, body, actor }) => {
  const now = front.clock.now()
  const expiresAt = new Date(now.getTime() + body.days * dayMs)
  const scopes = [...new Set(body.scopes)]
  const { allowFrom, name } = body
  const made = await transaction(front.db, async (tx) => {
    const provider = known(await providerById(tx, params.id))
    // Two first keys at once are of one account.
    await oneAtATime(tx, `door-keys:${provider.id}`)
    checkFrom(allowFrom, (await doorOf(tx, provider.id)).ranges)
    const accountId = await accountOf(tx, provider, now)
    const living = await livingKeysOf(tx, accountId, now, provider.id)
    if (living === null || living >= doorKeysLivingMax) throw new Trouble('state.conflict', { keys: living })
    const fresh = await addApiKey(tx, { accountId, name, scopes, allowFrom, expiresAt, by: actor() }, now)
    const said = { key: fresh.id, prefix: fresh.prefix, name, scopes, allowFrom, expiresAt, account: accountId }
    const line = { actor: actor(), subject: `provider:${provider.id}`, body: said }
    await append(tx, { kind: 'api-key.made', ...line }, front.clock)
    return fresh
  })
  return { ...made, expiresAt: expiresAt.toISOString() }
})

export const revokeDoorKey = serve(
  'POST /api/providers/:id/door/keys/:key/revoke',
  async ({ front, params, actor }) => {
    await transaction(front.db, async (tx) => {
      const { id: account } = known(await systemsOfProvider(tx, params.id))
      known(await revokeApiKey(tx, params.key, front.clock.now(), account))
      const line = { actor: actor(), subject: `provider:${params.id}`, body: { key: params.key, account } }
      await append(tx, { kind: 'api-key.revoked', ...line }, front.clock)
    })
    return { done: true as const }
  },
)
