import { z } from 'zod'
import type { ConnectorCard, ConnectorKindCard, Tried } from '../contract/connectors.ts'
import { watchSilence } from '../db/connector-state.ts'
import { storedConnector } from '../db/connectors.ts'
import { type Db, transaction } from '../db/open.ts'
import type { ConnectorsFront } from '../http/front.ts'
import type { Clock } from '../kit/clock.ts'
import { Trouble, wordsOf } from '../kit/errors.ts'
import type { KeyRing } from '../kit/seal.ts'
import { append } from '../ledger/append.ts'
import type { Connector } from '../model/connector.ts'
import type { ConnectorKind } from '../model/connector-kind.ts'
import type { Ask } from '../model/doors.ts'
import type { QuestionName } from '../model/question.ts'
import {
  type ConnectorDraft,
  type DeskParts,
  draftConnector,
  removeDraft,
  saveDraft,
} from '../playbooks/connector-desk.ts'
import { connectorCards } from './connector-cards.ts'
import type { ConnectorHealth } from './connector-health.ts'
import type { ConnectorRegistry } from './connector-registry.ts'

/** A person waits for it, and the largest time for an answer is a minute. */
const testMsMax = 20_000

/** What the page of connectors can have done. */
export function connectorsFront(parts: {
  readonly db: Db
  readonly clock: Clock
  readonly kinds: readonly ConnectorKind[]
  readonly keys: KeyRing
  readonly registry: ConnectorRegistry
  readonly health: ConnectorHealth
  readonly ask: Ask
}): ConnectorsFront {
  const { db, clock, kinds, keys, registry } = parts
  const desk: DeskParts = { db, clock, kinds, keys, isTaken: (id) => registry.isFixed(id) }
  const one = (id: string): Connector => {
    const connector = registry.all().find((each) => each.id === id)
    if (connector === undefined) throw new Trouble('not.found')
    return connector
  }
  return {
    cards: (): Promise<ConnectorCard[]> =>
      connectorCards({ db, clock, connectors: registry.all(), healthOf: (connector) => parts.health.of(connector) }),
    kinds: kinds.map(kindCard),
    show: async (id) => {
      const stored = await storedConnector(db, id)
      if (stored === null) throw new Trouble('not.found')
      const { kind, title, settings, enabled, version, secrets } = stored
      return { kind, title, settings, enabled, version, secrets: [...secrets.keys()] }
    },
    save: async (draft: ConnectorDraft, by) => {
      const version = await saveDraft(desk, draft, by)
      await registry.reload()
      return version
    },
    remove: async (id, by) => {
      await removeDraft(desk, id, by)
      await registry.reload()
    },
    test: async (id, asking, by) => {
      const connector = one(id)
      const tried =
        asking.question === null
          ? await readOnce(connector, clock)
          : await askOnce(parts.ask, id, asking.question, asking.ask)
      await noteTest(parts, id, tried, by)
      return tried
    },
    testDraft: async (draft, by) => {
      const connector = await draftConnector(desk, draft)
      try {
        const tried = await readOnce(connector, clock)
        await noteTest(parts, draft.id, tried, by)
        return tried
      } finally {
        await connector.close?.()
      }
    },
    watch: async (id, silentAfterHours, by) => {
      one(id)
      await transaction(db, async (tx) => {
        await watchSilence(tx, id, silentAfterHours)
        const line = {
          kind: 'connector.changed',
          actor: by,
          subject: `connector:${id}`,
          body: { silentAfterHours },
        } as const
        await append(tx, line, clock)
      })
    },
  }
}

export function kindCard(kind: ConnectorKind): ConnectorKindCard {
  const { target, secrets, title, says, fileOnly } = kind
  return {
    ...{ kind: kind.kind, title, says, fileOnly },
    answers: kind.answers === 'any' ? [] : [...kind.answers],
    form: z.toJSONSchema(kind.settings, { io: 'input', unrepresentable: 'any' }),
    target: [...target],
    secrets: [...secrets],
  }
}

/** A real read, or, where the connector has none of its own, its sign of life. */
async function readOnce(connector: Connector, clock: Clock): Promise<Tried> {
  const began = performance.now()
  const context = { signal: AbortSignal.timeout(testMsMax), clock }
  const ms = () => Math.round(performance.now() - began)
  try {
    if (connector.tryOut !== undefined) {
      const tried = await Promise.race([connector.tryOut(context), tooLate(context.signal)])
      if (tried.kind === 'failed') return { ...tried, ms: ms() }
      const { says, rows, can, cannot, warnings } = tried
      return {
        ...{ kind: 'read', says, ms: ms() },
        ...{ rows: rows.map((row) => ({ ...row })), can: [...can], cannot: [...cannot], warnings: [...warnings] },
      }
    }
    const health = await Promise.race([connector.health(context), tooLate(context.signal)])
    if (health.state === 'failing')
      return { kind: 'failed', why: health.says, next: 'Check its address and its secret.', ms: ms() }
    return { kind: 'read', says: health.says, rows: [], can: [], cannot: [], warnings: [], ms: ms() }
  } catch (error) {
    const next = 'Check its address, its secret and whether its source answers.'
    return { kind: 'failed', why: wordsOf(error), next, ms: ms() }
  }
}

function tooLate(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error(`it gave no answer within ${testMsMax} ms`)), {
      once: true,
    })
  })
}

async function askOnce(
  ask: Ask,
  id: string,
  question: QuestionName,
  given: Readonly<Record<string, string>>,
): Promise<Tried> {
  const filled = Object.fromEntries(Object.entries(given).filter(([, value]) => value.trim() !== ''))
  const [asked] = await ask(question, filled, { only: [id], signal: AbortSignal.timeout(testMsMax) })
  if (asked === undefined) return { kind: 'failed', why: 'it was not asked', next: 'Try again.', ms: 0 }
  const { answered } = asked
  return {
    kind: 'answered',
    finding: answered.kind,
    why: 'why' in answered ? answered.why : '',
    answer: answered.kind === 'found' ? answered.answer : null,
    query: 'query' in answered ? answered.query : '',
    ms: Math.round(asked.costMs),
  }
}

/** Somebody read with our key: that is on record, what was read is not. */
async function noteTest(
  parts: { readonly db: Db; readonly clock: Clock },
  id: string,
  tried: Tried,
  by: string,
): Promise<void> {
  const body = { came: tried.kind === 'answered' ? tried.finding : tried.kind, ms: tried.ms }
  await transaction(parts.db, (tx) =>
    append(tx, { kind: 'connector.tested', actor: by, subject: `connector:${id}`, body }, parts.clock),
  )
}
