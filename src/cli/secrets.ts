import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Command } from 'commander'
import { type Db, transaction } from '../db/open.ts'
import { resealOthers, rewrapSecrets } from '../db/sealed.ts'
import { type Clock, systemClock } from '../kit/clock.ts'
import { Trouble } from '../kit/errors.ts'
import { type KeyRing, keyRingIn, newSealKey, rewrapped, seal, unseal } from '../kit/seal.ts'
import { append } from '../ledger/append.ts'
import { openKeyRing } from '../main/seal-keys.ts'
import { placeOfSecret } from '../playbooks/connector-desk.ts'
import { openHouse } from './open-house.ts'

const examples = `
Stop the server, rotate, start it again. The old key stays in seal.key as a second line: backups of before need it.

Examples:
  counterfoil secrets rotate             a new first line in seal.key, and everything under it
  counterfoil secrets rewrap             where the key comes from COUNTERFOIL_SEAL_KEY, _FILE or _COMMAND: put the new key
                                         first and the old one second, then run this`

/** `counterfoil secrets ...`: the key of the installation. */
export function secretsCommand(): Command {
  const secrets = new Command('secrets').description(
    'Change the key that seals the secrets of connectors, second factors and webhooks.',
  )
  secrets.addHelpText('after', examples)
  secrets
    .command('rotate')
    .description('make a new key in seal.key of the data folder, and put every secret under it')
    .action(() => run(true))
  secrets
    .command('rewrap')
    .description('put every secret under the first key there is')
    .action(() => run(false))
  return secrets
}

async function run(makesKey: boolean): Promise<void> {
  const opened = await openHouse()
  try {
    const { dataFolder, sealKey } = opened.settings
    if (makesKey && sealKey.kind !== 'folder')
      throw new Trouble('input.invalid', {
        problem: 'the key does not stand in the data folder: put the new one first there, then rewrap',
      })
    if (makesKey) putNewKeyFirst(dataFolder)
    const ring = await openKeyRing(opened.settings)
    const done = await rewrapAll(opened.database.db, ring, systemClock)
    process.stdout.write(
      `${done.secrets} secrets of connectors and ${done.others} other sealed secrets are under key ${ring.current.id}. Start the server again.\n`,
    )
  } finally {
    await opened.close()
  }
}

function putNewKeyFirst(dataFolder: string): void {
  keyRingIn(dataFolder) // One is made where there was none, so that there is an old one to keep.
  const file = path.join(dataFolder, 'seal.key')
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, `${newSealKey()}\n${readFileSync(file, 'utf8')}`, { mode: 0o600 })
  renameSync(draft, file)
}

/** Everything under the current key, in one transaction. Second factors and secrets of webhooks are sealed by the key itself, so they are opened and sealed again. */
export async function rewrapAll(db: Db, ring: KeyRing, clock: Clock): Promise<{ secrets: number; others: number }> {
  return transaction(db, async (tx) => {
    const secrets = await rewrapSecrets(tx, (envelope, connector, field) =>
      rewrapped(ring, envelope, placeOfSecret(connector, field)),
    )
    const others = await resealOthers(tx, (sealed, about) =>
      seal(ring.current.bytes, openedBy(ring, sealed, about), about),
    )
    const body = { keyId: ring.current.id, secrets, others }
    await append(tx, { kind: 'secrets.rewrapped', actor: 'system', subject: 'secrets', body }, clock)
    return { secrets, others }
  })
}

/** Such a secret does not say by which key it was sealed: the one that opens it was it. */
function openedBy(ring: KeyRing, sealed: Uint8Array, about: string): string {
  const keys = [...ring.all.values()]
  for (const [at, key] of keys.entries()) {
    try {
      return unseal(key.bytes, sealed, about)
    } catch (error) {
      if (at === keys.length - 1) throw error
    }
  }
  throw new Trouble('seal.key-missing', { about })
}
