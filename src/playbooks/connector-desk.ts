import {
  lockConnectors,
  removeConnector,
  type StoredConnector,
  saveConnector,
  storedConnector,
} from '../db/connectors.ts'
import { notify } from '../db/live.ts'
import { type Db, transaction } from '../db/open.ts'
import { canonicalJson, type Json } from '../kit/canonical-json.ts'
import type { Clock } from '../kit/clock.ts'
import { Trouble } from '../kit/errors.ts'
import { type Envelope, type KeyRing, openEnvelope, sealEnvelope } from '../kit/seal.ts'
import { append } from '../ledger/append.ts'
import type { Connector } from '../model/connector.ts'
import type { ConnectorKind } from '../model/connector-kind.ts'

/** A PEM key with its chain fits four times. */
const secretCharsMax = 64 * 1024

/** What a connector of the page is set up with. A secret that is not named stays as it is; null removes it. */
export type ConnectorDraft = {
  readonly id: string
  readonly kind: string
  readonly title: string
  readonly settings: Readonly<Record<string, unknown>>
  readonly secrets: Readonly<Record<string, string | null>>
  readonly enabled: boolean
  /** 0 adds. */
  readonly version: number
}

export type DeskParts = {
  readonly db: Db
  readonly clock: Clock
  readonly kinds: readonly ConnectorKind[]
  readonly keys: KeyRing
  /** True for an id that a connector of the house or of a file has. */
  readonly isTaken: (id: string) => boolean
}

/** What a sealed secret is for: nothing of one connector opens in another. */
export function placeOfSecret(connector: string, field: string): string {
  return `connector|${connector}|${field}`
}

/** The topic at which every node looks again which connectors there are. */
export const connectorsTopic = 'connectors'

/** Saves a connector: checked by its kind, secrets sealed, on the ledger without them, and told to every node. */
export async function saveDraft(parts: DeskParts, draft: ConnectorDraft, by: string): Promise<number> {
  const kind = kindOf(parts, draft.kind)
  const settings = settingsOf(kind, draft)
  return transaction(parts.db, async (tx) => {
    await lockConnectors(tx)
    const before = await storedConnector(tx, draft.id)
    if (parts.isTaken(draft.id) || (draft.version === 0 && before !== null))
      throw new Trouble('input.invalid', { fields: { id: 'Another connector has this name' } })
    if (before !== null && before.kind !== draft.kind)
      throw new Trouble('input.invalid', { fields: { kind: 'A connector stays of its kind' } })
    checkSecrets(kind, draft, settings, before)
    const secrets = new Map(
      Object.entries(draft.secrets).map(([name, secret]): [string, Envelope | null] => [
        name,
        secret === null ? null : sealEnvelope(parts.keys, secret, placeOfSecret(draft.id, name)),
      ]),
    )
    const { answers } = openDraft(parts, kind, draft, settings, before)
    const version = await saveConnector(tx, { ...draft, settings, answers, changedBy: by, secrets }, parts.clock.now())
    if (version === null) throw new Trouble('state.conflict', { connector: draft.id })
    const { id, title, enabled } = draft
    const body = { kind: kind.kind, title, enabled, settings, secretsChanged: Object.keys(draft.secrets), version }
    const line = { actor: by, subject: `connector:${id}`, body }
    await append(tx, { kind: before === null ? 'connector.added' : 'connector.changed', ...line }, parts.clock)
    await notify(tx, connectorsTopic)
    return version
  })
}

export async function removeDraft(parts: DeskParts, id: string, by: string): Promise<void> {
  await transaction(parts.db, async (tx) => {
    await lockConnectors(tx)
    if (!(await removeConnector(tx, id))) throw new Trouble('not.found')
    await append(tx, { kind: 'connector.removed', actor: by, subject: `connector:${id}`, body: {} }, parts.clock)
    await notify(tx, connectorsTopic)
  })
}

/** A connector as a draft would make it, to be tried out and closed. Secrets that the draft does not name are those that are stored. */
export async function draftConnector(parts: DeskParts, draft: ConnectorDraft): Promise<Connector> {
  const kind = kindOf(parts, draft.kind)
  const settings = settingsOf(kind, draft)
  const before = await storedConnector(parts.db, draft.id)
  checkSecrets(kind, draft, settings, before)
  return openDraft(parts, kind, draft, settings, before)
}

function openDraft(
  parts: DeskParts,
  kind: ConnectorKind,
  draft: ConnectorDraft,
  settings: Readonly<Record<string, unknown>>,
  before: StoredConnector | null,
): Connector {
  const { id, title } = draft
  const secret = async (name: string): Promise<string | null> => {
    if (draft.secrets[name] !== undefined) return draft.secrets[name]
    const envelope = before?.secrets.get(name)
    return envelope === undefined ? null : openEnvelope(parts.keys, envelope, placeOfSecret(id, name))
  }
  return kind.open({ id, title, settings, secret })
}

function kindOf(parts: DeskParts, name: string): ConnectorKind {
  const kind = parts.kinds.find((one) => one.kind === name)
  if (kind === undefined) throw new Trouble('input.invalid', { fields: { kind: 'There is no such kind of connector' } })
  if (kind.fileOnly !== null) throw new Trouble('input.invalid', { fields: { kind: kind.fileOnly } })
  return kind
}

/** The settings with their defaults, or Trouble that says what is wrong with which field. */
function settingsOf(kind: ConnectorKind, draft: ConnectorDraft): Readonly<Record<string, unknown>> {
  const parsed = kind.settings.safeParse(draft.settings)
  if (parsed.success) return parsed.data
  const fields = parsed.error.issues.map((issue) => [`settings.${issue.path.join('.')}`, issue.message] as const)
  throw new Trouble('input.invalid', { fields: Object.fromEntries(fields) }, parsed.error)
}

function checkSecrets(
  kind: ConnectorKind,
  draft: ConnectorDraft,
  settings: Readonly<Record<string, unknown>>,
  before: StoredConnector | null,
): void {
  const fields: Record<string, string> = {}
  for (const [name, secret] of Object.entries(draft.secrets)) {
    if (!kind.secrets.some((one) => one.name === name)) fields[`secrets.${name}`] = 'This kind has no such secret'
    else if (secret !== null && (secret === '' || secret.length > secretCharsMax))
      fields[`secrets.${name}`] = 'This is empty, or longer than a key'
  }
  // Whoever points a connector elsewhere would get its stored secret sent there.
  const moved = before !== null && kind.target.some((field) => !same(settings[field], before.settings[field]))
  for (const { name, needed } of kind.secrets) {
    const given = draft.secrets[name]
    const kept = given === undefined && before?.secrets.has(name) === true
    if (kept && moved) fields[`secrets.${name}`] = 'Where it connects to was changed: enter the secret again'
    else if (needed && !kept && (given ?? '') === '') fields[`secrets.${name}`] = 'This is needed'
  }
  if (Object.keys(fields).length > 0) throw new Trouble('input.invalid', { fields })
}

const same = (one: unknown, other: unknown): boolean =>
  canonicalJson((one ?? null) as Json) === canonicalJson((other ?? null) as Json)
