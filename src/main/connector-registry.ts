import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { environmentSecret, type SecretPlace, type Source } from '../config/config.ts'
import { type StoredConnector, storedConnectors } from '../db/connectors.ts'
import type { Db } from '../db/open.ts'
import { Trouble, wordsOf } from '../kit/errors.ts'
import { type KeyRing, openEnvelope } from '../kit/seal.ts'
import type { Connector } from '../model/connector.ts'
import type { ConnectorKind } from '../model/connector-kind.ts'
import { placeOfSecret } from '../playbooks/connector-desk.ts'

/** A connector that was replaced has so long to end what it was asked; more than the longest time for an answer. */
const graceMs = 60_000

type Kept = { readonly connector: Connector; readonly version: number }

/** The connectors there are at this moment: those that stay (the house's, files) and those of the page, which come and go. */
export class ConnectorRegistry {
  readonly #fixed: readonly Connector[]
  readonly #kinds: readonly ConnectorKind[]
  readonly #keys: KeyRing
  readonly #db: Db
  #fromPage: ReadonlyMap<string, Kept> = new Map()
  #loading: Promise<void> = Promise.resolve()
  readonly #leaving = new Map<NodeJS.Timeout, Connector>()

  constructor(parts: {
    readonly fixed: readonly Connector[]
    readonly kinds: readonly ConnectorKind[]
    readonly keys: KeyRing
    readonly db: Db
  }) {
    this.#fixed = parts.fixed
    this.#kinds = parts.kinds
    this.#keys = parts.keys
    this.#db = parts.db
  }

  all(): readonly Connector[] {
    return [...this.#fixed, ...[...this.#fromPage.values()].map(({ connector }) => connector)]
  }

  isFixed(id: string): boolean {
    return this.#fixed.some((connector) => connector.id === id)
  }

  /** Reads what is stored and opens what changed; one load after the other. */
  reload(): Promise<void> {
    this.#loading = this.#loading.catch(() => undefined).then(() => this.#load())
    return this.#loading
  }

  async close(): Promise<void> {
    for (const [timer, connector] of this.#leaving) {
      clearTimeout(timer)
      await connector.close?.()
    }
    for (const connector of this.all()) await connector.close?.()
  }

  async #load(): Promise<void> {
    const stored = (await storedConnectors(this.#db)).filter((one) => one.enabled && !this.isFixed(one.id))
    const before = this.#fromPage
    const now = new Map(
      stored.map((one) => {
        const kept = before.get(one.id)
        return [
          one.id,
          kept?.version === one.version ? kept : { connector: this.#open(one), version: one.version },
        ] as const
      }),
    )
    this.#fromPage = now
    for (const [id, kept] of before) if (now.get(id) !== kept) this.#letGo(kept.connector)
  }

  #letGo(connector: Connector): void {
    const timer = setTimeout(() => {
      this.#leaving.delete(timer)
      void connector.close?.()
    }, graceMs)
    timer.unref()
    this.#leaving.set(timer, connector)
  }

  #open(stored: StoredConnector): Connector {
    const { id, title, settings, secrets } = stored
    const kind = this.#kinds.find((one) => one.kind === stored.kind)
    if (kind === undefined) return broken(stored, `this version knows no kind of connector "${stored.kind}"`)
    const secret = async (name: string): Promise<string | null> => {
      const envelope = secrets.get(name)
      return envelope === undefined ? null : openEnvelope(this.#keys, envelope, placeOfSecret(id, name))
    }
    try {
      return kind.open({ id, title, settings, secret })
    } catch (error) {
      return broken(stored, `its settings do not fit any more: ${problemOf(error)}`)
    }
  }
}

/** One that cannot be opened still says so to what it used to answer: it is not as if nobody had been set up. */
function broken(stored: StoredConnector, why: string): Connector {
  return {
    id: stored.id,
    kind: stored.kind,
    title: stored.title,
    answers: stored.answers,
    limits: { timeoutMs: 1_000, concurrency: 8, perMinute: Number.POSITIVE_INFINITY },
    scope: 'It cannot be opened.',
    ask: async () => ({ kind: 'failed', why, query: '' }),
    health: async () => ({ state: 'failing', says: why, lastSuccess: null }),
  }
}

/** Connectors of counterfoil.yaml. Throws Trouble that names the source and all that is wrong with it. */
export function openFromFile(
  sources: readonly Source[],
  kinds: readonly ConnectorKind[],
  folder: string,
): readonly Connector[] {
  return sources.map((source) => {
    const trouble = (problem: string, cause?: unknown) =>
      new Trouble('input.invalid', { file: 'counterfoil.yaml', source: source.id, problem }, cause)
    const kind = kinds.find((one) => one.kind === source.kind)
    if (kind === undefined)
      throw trouble(`there is no kind "${source.kind}"; there are: ${kinds.map((one) => one.kind).join(', ')}`)
    const unknown = Object.keys(source.secrets).find((name) => !kind.secrets.some((secret) => secret.name === name))
    if (unknown !== undefined) throw trouble(`a ${kind.kind} has no secret "${unknown}"`)
    const missing = kind.secrets.find(({ name, needed }) => needed && source.secrets[name] === undefined)
    if (missing !== undefined) throw trouble(`it needs the secret "${missing.name}"`)
    try {
      const { id, title = kind.title, settings, secrets } = source
      return kind.open({ id, title, settings, secret: async (name) => secretAt(secrets[name], folder) })
    } catch (error) {
      throw trouble(problemOf(error), error)
    }
  })
}

/** Read at each use, so that a changed one counts at once. */
export async function secretAt(place: SecretPlace | undefined, folder: string): Promise<string | null> {
  if (place === undefined) return null
  const text = 'file' in place ? await readFile(path.resolve(folder, place.file), 'utf8') : environmentSecret(place.env)
  const secret = text?.replace(/\r?\n$/, '') ?? ''
  if (secret === '') throw new Error(`there is no secret in ${'file' in place ? place.file : place.env}`)
  return secret
}

export function problemOf(error: unknown): string {
  if (error instanceof z.ZodError) return z.prettifyError(error)
  if (error instanceof Trouble) return String(error.details['problem'] ?? error.message)
  return wordsOf(error)
}
