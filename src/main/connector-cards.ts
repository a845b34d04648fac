import { cardState, usualOf } from '../connectors/card-state.ts'
import type { ConnectorCard } from '../contract/connectors.ts'
import { type ConnectorDay, type ConnectorState, connectorDays, connectorStates } from '../db/connector-state.ts'
import { type StoredConnector, storedConnectors } from '../db/connectors.ts'
import type { Db } from '../db/open.ts'
import type { Clock } from '../kit/clock.ts'
import type { Connector, Health } from '../model/connector.ts'
import { type QuestionName, questions, rungTitles } from '../model/question.ts'

/** The usual is judged by so many days before today. */
const days = 15

type CardParts = {
  readonly db: Db
  readonly clock: Clock
  readonly connectors: readonly Connector[]
  readonly healthOf: (connector: Connector) => Promise<Health>
}

/** Every connector with how it is doing; those that are switched off too. */
export async function connectorCards({ db, clock, connectors, healthOf }: CardParts): Promise<ConnectorCard[]> {
  const now = clock.now()
  const [healths, states, counts, stored] = await Promise.all([
    Promise.all(connectors.map(healthOf)),
    connectorStates(db),
    connectorDays(db, now, days),
    storedConnectors(db),
  ])
  const off = stored.filter((one) => !one.enabled && !connectors.some(({ id }) => id === one.id))
  const shown = connectors.map((connector, at) =>
    cardOf({
      connector,
      health: healths[at] ?? { state: 'failing', says: '', lastSuccess: null },
      state: states.find((one) => one.connector === connector.id),
      days: counts.get(connector.id) ?? [],
      origin: stored.some(({ id }) => id === connector.id)
        ? 'page'
        : (connector.kind ?? null) === null
          ? 'house'
          : 'file',
      now,
    }),
  )
  return [...shown, ...off.map(offCard)]
}

function answersOf(names: readonly QuestionName[]): ConnectorCard['answers'] {
  return names.map((question) => {
    const { title, rung } = questions[question]
    return { question, title, rung, rungTitle: rungTitles[rung] }
  })
}

function cardOf(facts: {
  readonly connector: Connector
  readonly health: Health
  readonly state: ConnectorState | undefined
  readonly days: readonly ConnectorDay[]
  readonly origin: ConnectorCard['origin']
  readonly now: Date
}): ConnectorCard {
  const { connector, health, state, origin, now } = facts
  const today = now.toISOString().slice(0, 10)
  const ofToday = facts.days.find(({ day }) => day === today)
  const usual = usualOf(facts.days, today)
  // What was answered is the news; a list that was imported long ago answers today.
  const lastSuccess = state?.lastSuccessAt ?? health.lastSuccess
  const word = cardState({
    health,
    lastSuccess,
    failingSince: state?.failingSince ?? null,
    lastWhy: state?.lastWhy ?? '',
    silentAfterHours: state?.silentAfterHours ?? null,
    today: { asked: ofToday?.asked ?? 0, failed: ofToday?.failed ?? 0 },
    usual,
    now,
  })
  return {
    id: connector.id,
    title: connector.title,
    kind: connector.kind ?? null,
    origin,
    scope: connector.scope,
    answers: answersOf(connector.answers),
    limits: {
      ...connector.limits,
      perMinute: Number.isFinite(connector.limits.perMinute) ? connector.limits.perMinute : null,
    },
    ...word,
    failingSince: word.state === 'failing' ? (state?.failingSince ?? null) : null,
    lastSuccess,
    lastMs: state?.lastMs ?? null,
    lag: lagOf(connector.copy, health.newest ?? null),
    asked: state?.asked ?? 0,
    failed: state?.failed ?? 0,
    today: ofToday?.asked ?? 0,
    usual,
    days: [...facts.days],
    silentAfterHours: state?.silentAfterHours ?? null,
    canTest: connector.tryOut !== undefined,
  }
}

/** A sign of life that did not come says nothing of the copy's age: not measured, never "now". */
function lagOf(of: string | undefined, newest: string | null): ConnectorCard['lag'] {
  if (of === undefined) return { kind: 'live' }
  return newest === null ? { kind: 'not-measured', of } : { kind: 'copy', of, newest }
}

function offCard(stored: StoredConnector): ConnectorCard {
  return {
    id: stored.id,
    title: stored.title,
    kind: stored.kind,
    origin: 'page',
    scope: '',
    answers: answersOf(stored.answers),
    limits: { timeoutMs: 0, concurrency: 0, perMinute: null },
    state: 'off',
    says: 'It is switched off, and nobody asks it.',
    failingSince: null,
    lastSuccess: null,
    lastMs: null,
    lag: { kind: 'not-measured', of: 'it' },
    asked: 0,
    failed: 0,
    today: 0,
    usual: null,
    days: [],
    silentAfterHours: null,
    canTest: false,
  }
}
