import { environmentSecret, type Settings } from '../config/config.ts'
import { makeAsk } from '../connectors/ask.ts'
import { loadHttpJson } from '../connectors/http-json/index.ts'
import { Mapper } from '../connectors/http-json/mapper.ts'
import { makeConnectors } from '../connectors/index.ts'
import { connectorKinds } from '../connectors/kinds.ts'
import { reverseBy } from '../connectors/own-networks/reverse.ts'
import { absencesAt, plannedAt } from '../db/calendar.ts'
import * as context from '../db/context.ts'
import { warningLists } from '../db/intelligence.ts'
import { listen } from '../db/live.ts'
import type { Db } from '../db/open.ts'
import type { ConnectorsFront } from '../http/front.ts'
import type { Clock } from '../kit/clock.ts'
import { Trouble, wordsOf } from '../kit/errors.ts'
import type { Connector } from '../model/connector.ts'
import type { Ask } from '../model/doors.ts'
import type { DeskParts } from '../playbooks/connector-desk.ts'
import { connectorsTopic } from '../playbooks/connector-desk.ts'
import { loadDecisionTable } from '../playbooks/decision-table.ts'
import type { Log } from '../playbooks/house.ts'
import { heardSources, knowObservable } from '../playbooks/know-observable.ts'
import { ConnectorHealth } from './connector-health.ts'
import { newsKeeper } from './connector-news.ts'
import { ConnectorRegistry, openFromFile } from './connector-registry.ts'
import { connectorsFront } from './connectors-front.ts'
import { type AskedLake, lakeLookups } from './lake-lookups.ts'
import { scanLookups } from './scan-lookups.ts'
import { openKeyRing } from './seal-keys.ts'

export type Sources = {
  readonly connectors: () => readonly Connector[]
  readonly ask: Ask
  /** What the page of connectors can have done. */
  readonly front: ConnectorsFront
  /** What a connector of the page is saved with. */
  readonly desk: DeskParts
  readonly close: () => Promise<void>
}

/** A source that dies is noticed within this time, also while nobody asks it. */
const signEveryMs = 5 * 60_000

/** Ties every connector to the record it looks things up in. Throws Trouble that names a wrong description. */
export async function openSources(parts: {
  readonly db: Db
  readonly clock: Clock
  readonly log: Log
  readonly settings: Settings
  /** The log lake; null: it could not be opened, and its questions could not be looked up. Left out: there is none. */
  readonly lake?: AskedLake | null
  /** The database that says when connectors changed on any node; left out: nobody listens, and they stay as they are. */
  readonly databaseUrl?: string
}): Promise<Sources> {
  const { db, clock, settings } = parts
  const { config } = settings
  const mapper = new Mapper()
  const keys = await openKeyRing(settings)
  const fixed = makeConnectors(
    {
      assets: {
        byAddress: (address) => context.assetsByAddress(db, address),
        byName: (names) => context.assetsByName(db, names),
        leasesAt: (address, at) => context.leasesAt(db, address, at),
        personOf: (key) => context.peopleByKey(db, [key]),
        importedAt: () => context.importedAt(db, 'assets'),
      },
      people: {
        byKey: (keys) => context.peopleByKey(db, keys),
        absencesAt: (keys, at) => absencesAt(db, keys, at),
        importedAt: () => context.importedAt(db, 'people'),
      },
      networks: {
        containing: (address) => context.networkContaining(db, address),
        importedAt: () => context.importedAt(db, 'networks'),
        ...(config.reverseDns ? { reverse: reverseBy(config.dnsServers) } : {}),
      },
      calendar: {
        plannedAt: (from, to) => plannedAt(db, from, to),
        assetsOf: (asset) => context.assetsCalled(db, asset),
        importedAt: () => context.importedAt(db, 'calendar'),
      },
      past: { seenBefore: (ask) => context.seenBefore(db, ask) },
      person: {
        answerOf: (alertId, email) => context.personAnswer(db, alertId, email),
        cannotAsk: () =>
          config.mailOut === undefined ? 'no mail server is configured (mailOut in counterfoil.yaml)' : null,
      },
      intelligence: {
        reputation: async (type, value) => {
          const known = await knowObservable(db, type, value, clock.now())
          if (known === null) return null
          const { verdict, sources, note, hits, warnings } = known.reputation
          return {
            asked: `${known.type} ${known.value}`,
            answer: { verdict, sources: [...sources], note, hits: [...hits], warnings: [...warnings] },
          }
        },
        sources: () => heardSources(db, clock.now()),
        warningLists: async () => (await warningLists(db)).length,
      },
      scans: scanLookups(db, await loadDecisionTable()),
      lake: parts.lake === undefined ? null : lakeLookups(parts.lake),
    },
    [
      ...(await loadHttpJson(config.connectors, { mapper, environmentSecret, folder: settings.dataFolder })),
      ...openFromFile(config.sources, connectorKinds, settings.dataFolder),
    ],
  )
  checkIds(fixed)
  const registry = new ConnectorRegistry({ fixed, kinds: connectorKinds, keys, db })
  await registry.reload()
  const news = newsKeeper(parts)
  const health = new ConnectorHealth(clock)
  const ask = makeAsk({ connectors: () => registry.all(), clock, news: news.heard })
  const stop =
    parts.databaseUrl === undefined
      ? null
      : await keepWatch({ ...parts, databaseUrl: parts.databaseUrl }, registry, health, news)
  return {
    connectors: () => registry.all(),
    ask,
    desk: { db, clock, kinds: connectorKinds, keys, isTaken: (id) => registry.isFixed(id) },
    front: connectorsFront({ db, clock, kinds: connectorKinds, keys, registry, health, ask }),
    close: async () => {
      await stop?.()
      await news.close()
      await registry.close()
      await mapper.close()
    },
  }
}

function checkIds(connectors: readonly Connector[]): void {
  const double = connectors.find((one, at) => connectors.some((other, before) => before < at && other.id === one.id))
  if (double !== undefined)
    throw new Trouble('input.invalid', { connector: double.id, problem: 'two connectors have this id' })
}

/** Looks again when connectors changed on any node, and asks each outside source for a sign of life now and then. */
async function keepWatch(
  parts: { readonly db: Db; readonly log: Log; readonly databaseUrl: string },
  registry: ConnectorRegistry,
  health: ConnectorHealth,
  news: ReturnType<typeof newsKeeper>,
): Promise<() => Promise<void>> {
  const listening = await listen(parts.databaseUrl, (topic) => {
    if (topic !== connectorsTopic && topic !== 'reconnected') return
    registry
      .reload()
      .catch((error: unknown) => parts.log.warn({ error: wordsOf(error) }, 'connectors could not be looked at again'))
  })
  const signs = async (): Promise<void> => {
    const outside = registry.all().filter((connector) => connector.kind !== undefined)
    await Promise.all(
      outside.map(async (connector) => {
        const began = performance.now()
        const { state, says } = await health.of(connector)
        news.sign(connector.id, state !== 'failing', says, performance.now() - began)
      }),
    )
    await news.forgetOld()
  }
  const timer = setInterval(() => {
    signs().catch((error: unknown) =>
      parts.log.warn({ error: wordsOf(error) }, 'signs of life of connectors could not be kept'),
    )
  }, signEveryMs)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await listening.close()
  }
}
