import { environmentSecret, type Settings } from '../config/config.ts'
import { makeAsk } from '../connectors/ask.ts'
import { loadHttpJson } from '../connectors/http-json/index.ts'
import { Mapper } from '../connectors/http-json/mapper.ts'
import { makeConnectors } from '../connectors/index.ts'
import { reverseBy } from '../connectors/own-networks/reverse.ts'
import { absencesAt, plannedAt } from '../db/calendar.ts'
import { type ConnectorNews, recordNews } from '../db/connector-state.ts'
import * as context from '../db/context.ts'
import { warningLists } from '../db/intelligence.ts'
import type { Db } from '../db/open.ts'
import type { Clock } from '../kit/clock.ts'
import { wordsOf } from '../kit/errors.ts'
import type { Connector } from '../model/connector.ts'
import type { Ask } from '../model/doors.ts'
import { loadDecisionTable } from '../playbooks/decision-table.ts'
import type { Log } from '../playbooks/house.ts'
import { heardSources, knowObservable } from '../playbooks/know-observable.ts'
import { type AskedLake, lakeLookups } from './lake-lookups.ts'
import { scanLookups } from './scan-lookups.ts'

export type Sources = {
  readonly connectors: readonly Connector[]
  readonly ask: Ask
  readonly close: () => Promise<void>
}

/** News of connectors are written down together this often: a row for each question would be the busiest row of the house. */
const newsEveryMs = 1000

/** Ties every connector to the record it looks things up in. Throws Trouble that names a wrong description. */
export async function openSources(parts: {
  readonly db: Db
  readonly clock: Clock
  readonly log: Log
  readonly settings: Settings
  /** The log lake; null: it could not be opened, and its questions could not be looked up. Left out: there is none. */
  readonly lake?: AskedLake | null
}): Promise<Sources> {
  const { db, clock, settings } = parts
  const { config } = settings
  const mapper = new Mapper()
  const connectors = makeConnectors(
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
    await loadHttpJson(config.connectors, { mapper, environmentSecret, folder: settings.dataFolder }),
  )
  const news = newsKeeper(parts)
  return {
    connectors,
    ask: makeAsk({ connectors, clock, news: news.heard }),
    close: async () => {
      await news.close()
      await mapper.close()
    },
  }
}

function newsKeeper(parts: { readonly db: Db; readonly clock: Clock; readonly log: Log }) {
  const heard = new Map<string, ConnectorNews>()
  const write = async (): Promise<void> => {
    const batch = [...heard]
    heard.clear()
    for (const [connector, news] of batch) await recordNews(parts.db, connector, news)
  }
  const writeOrLog = () =>
    write().catch((error: unknown) => parts.log.warn({ error: wordsOf(error) }, 'news of connectors could not be kept'))
  const timer = setInterval(() => void writeOrLog(), newsEveryMs)
  timer.unref()
  return {
    heard: (connector: string, ok: boolean, why: string): void => {
      const at = parts.clock.now()
      const before = heard.get(connector) ?? { asked: 0, failed: 0, lastSuccess: null, lastFailure: null }
      heard.set(connector, {
        asked: before.asked + 1,
        failed: before.failed + (ok ? 0 : 1),
        lastSuccess: ok ? at : before.lastSuccess,
        lastFailure: ok ? before.lastFailure : { at, why },
      })
    },
    close: async (): Promise<void> => {
      clearInterval(timer)
      await writeOrLog()
    },
  }
}
