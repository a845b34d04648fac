import type { Settings } from '../config/config.ts'
import { transaction } from '../db/open.ts'
import { canonicalJson, type Json } from '../kit/canonical-json.ts'
import { sha256Hex } from '../kit/digest.ts'
import { append } from '../ledger/append.ts'
import type { Connector } from '../model/connector.ts'
import type { House } from '../playbooks/house.ts'

const digestOf = (value: unknown): string => sha256Hex(canonicalJson(value as Json))

/** Settings without what opens a door: a digest over a password could be guessed from the rest. */
function withoutSecrets({ config }: Settings): unknown {
  const { mailOut, imap, ...rest } = config
  const { password: _, ...out } = mailOut ?? {}
  return { ...rest, mailOut: mailOut === undefined ? null : out, imap: imap.map(({ password: __, ...door }) => door) }
}

/**
 * Puts on record what runs from now on: the program's version, the settings and every playbook by digest, the sources by name. So that a
 * decision of last month can be read beside the rules of last month.
 */
export async function recordStart(
  house: House,
  settings: Settings,
  connectors: readonly Connector[],
  version: string,
): Promise<void> {
  const playbooks = house.library.all.map((playbook) => ({
    id: playbook.id,
    version: playbook.version,
    sha256: digestOf(playbook),
  }))
  const body = {
    version,
    node: process.versions.node,
    settingsSha256: digestOf(withoutSecrets(settings)),
    playbooks,
    connectors: connectors.map(({ id }) => id),
  }
  await transaction(house.db, (tx) =>
    append(tx, { kind: 'house.started', actor: 'system', subject: `node:${house.node}`, body }, house.clock),
  )
}
