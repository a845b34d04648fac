import type { Kysely } from 'kysely'
import { approvalById, approvalsOfRun, seatsOf } from '../src/db/approvals.ts'
import { passkeyById } from '../src/db/passkeys.ts'
import type { Tables } from '../src/db/tables.ts'
import { addUser } from '../src/db/users.ts'
import type { Role } from '../src/model/user.ts'
import { openPlaces } from '../src/playbooks/approvals/ask-place.ts'
import { linkFor, prepareStatement, takeSignature } from '../src/playbooks/approvals/sign.ts'
import type { House } from '../src/playbooks/house.ts'
import { SoftPasskey } from './soft-passkey.ts'

const page = { origin: 'http://localhost', rpId: 'localhost' }

/** Passkeys by the id of their owner. */
export type Keys = Map<string, SoftPasskey>

/** Somebody with an account and a passkey, straight in the record. */
export async function addSigner(db: Kysely<Tables>, keys: Keys, role: Role, email: string): Promise<void> {
  const id = crypto.randomUUID()
  const user = {
    id,
    email,
    name: email.split('@')[0] ?? '',
    role,
    createdAt: new Date().toISOString(),
    disabled: false,
  }
  await addUser(db, user, { passwordHash: null, totpSealed: null, totpLastStep: 0 })
  keys.set(id, await new SoftPasskey().register(db, id))
}

/** Signs what a run waits for, place by place, until nothing more is asked; the titles of the places, in the order in which they signed. */
export async function signOpen(house: House, keys: Keys, runId: string): Promise<readonly string[]> {
  const signed: string[] = []
  for (;;) {
    const open = (await approvalsOfRun(house.db, runId)).find(({ state }) => state === 'open')
    const approval = open === undefined ? null : await approvalById(house.db, open.id)
    if (approval === null) return signed
    const seats = await seatsOf(house.db, approval.id)
    const [place] = openPlaces(approval, seats)
    const seat = seats.find((one) => one.place === place && one.askedAt !== null && one.verdict === null)
    const key = seat === undefined ? undefined : keys.get(seat.userId)
    const token = seat === undefined ? null : await linkFor(house, approval.id, seat.userId)
    if (key === undefined || token === null || place === undefined) throw new Error('nobody of these can sign')
    const given = await prepareStatement(house, token, { verdict: 'approve', reason: '' }, page)
    const challenge = given.challenge.toString('base64url')
    const { response } = key.sign({ challenge, rpId: page.rpId }, page.origin)
    const passkey = await passkeyById(house.db, key.id)
    if (passkey === null) throw new Error('the passkey is not registered')
    const bytes = (text: string): Buffer => Buffer.from(text, 'base64url')
    await takeSignature(house, token, {
      ...{ challenge, passkey, counterAfter: key.counter, authenticatorData: bytes(response.authenticatorData) },
      ...{ clientData: bytes(response.clientDataJSON), signature: bytes(response.signature) },
    })
    signed.push(approval.matter.places[place]?.title ?? '')
  }
}
