import { usualOf } from '../connectors/card-state.ts'
import type { SourceRow } from '../contract/sources.ts'
import { connectorDays, connectorStates } from '../db/connector-state.ts'
import type { Db } from '../db/open.ts'
import { transaction } from '../db/open.ts'
import {
  daysOfProvider,
  lagOfProvider,
  longestWaits,
  saveLimit,
  signsInRecord,
  waitsOfProvider,
} from '../db/source-watch.ts'
import type { SourcesWork } from '../http/front.ts'
import type { LogsFront } from '../http/logs-front.ts'
import { changeable, changeLogSource, existing } from '../http/routes/logs/change-source.ts'
import type { Clock } from '../kit/clock.ts'
import { isTrouble, Trouble, wordsOf } from '../kit/errors.ts'
import type { Lake } from '../lake/open.ts'
import { listSources } from '../lake/sources.ts'
import { type Flow, flowOfSources, lastHeard } from '../lake/status.ts'
import { append } from '../ledger/append.ts'
import { proposedLimit, type SourceSign, silentSince } from '../model/source-watch.ts'
import type { Signs } from '../playbooks/watch-sources.ts'
import type { Sources } from './sources.ts'

type Parts = {
  readonly db: Db
  readonly clock: Clock
  readonly sources: Sources
  readonly lake: Lake | null
}

const hourMinutes = 60
/** Today, and the fortnight that its usual is judged by. */
const volumeDays = 15

/** Every source with its last sign, wherever that is kept. A lake that is away leaves its sources out, and is named. */
export function sourceSigns({ db, sources, lake }: Parts): Signs {
  return async () => {
    const [recorded, states, logs] = await Promise.all([
      signsInRecord(db),
      connectorStates(db),
      lake === null ? { signs: [], away: [] } : logSigns(lake),
    ])
    const connectors = sources.connectors().map(({ id, title }): SourceSign => {
      const state = states.find(({ connector }) => connector === id)
      const hours = state?.silentAfterHours ?? null
      return {
        id: `connector:${id}`,
        kind: 'connector',
        title,
        sign: 'an answer',
        lastAt: state?.lastSuccessAt ?? null,
        limitMinutes: hours === null ? null : hours * hourMinutes,
        watchedSince: null,
      }
    })
    return { signs: [...recorded, ...logs.signs, ...connectors], away: logs.away }
  }
}

async function logSigns(lake: Lake): Promise<{ signs: SourceSign[]; away: string[] }> {
  if (!lake.hasBegun()) return { signs: [], away: [] }
  try {
    const [known, heard] = await Promise.all([listSources(lake.engine), lastHeard(lake.engine)])
    const signs = known.map(
      ({ id, silentAfterMinutes }): SourceSign => ({
        id: `logs:${id}`,
        kind: 'logs',
        title: id,
        sign: 'a line',
        lastAt: heard.get(id) ?? null,
        limitMinutes: silentAfterMinutes,
        watchedSince: null,
      }),
    )
    return { signs, away: [] }
  } catch (error) {
    return { signs: [], away: [`log sources: ${isTrouble(error) ? error.code : wordsOf(error)}`] }
  }
}

/** What the page of sources can have done. */
export function sourcesWork(parts: Parts & { readonly signs: Signs; readonly logs: LogsFront }): SourcesWork {
  const { db, clock } = parts
  return {
    list: async () => {
      const now = clock.now()
      const [{ signs, away }, longest, flow] = await Promise.all([
        parts.signs(),
        longestWaits(db),
        flowsNow(parts, now),
      ])
      const rows = await Promise.all(
        signs.map(async ({ watchedSince, ...sign }) => {
          const waits =
            sign.kind === 'provider'
              ? await waitsOfProvider(db, sign.id.slice('provider:'.length))
              : (longest.get(sign.id) ?? [])
          return {
            ...sign,
            silentSince: silentSince({ ...sign, watchedSince }, now),
            proposed: proposedLimit(waits),
            waits: waits.length,
            ...(await flow(sign)),
          }
        }),
      )
      return { sources: rows, away: [...away] }
    },
    watch: async (source, minutes, by) => {
      const { signs } = await parts.signs()
      const sign = signs.find(({ id }) => id === source)
      if (sign === undefined) throw new Trouble('not.found')
      const name = source.slice(source.indexOf(':') + 1)
      if (sign.kind === 'connector')
        return parts.sources.front.watch(
          name,
          minutes === null ? null : Math.max(1, Math.ceil(minutes / hourMinutes)),
          by,
        )
      if (sign.kind === 'logs') return watchLogs(parts, name, minutes, by)
      await transaction(db, async (tx) => {
        await saveLimit(tx, source, minutes, by, clock.now())
        const body = { before: sign.limitMinutes, silentAfterMinutes: minutes }
        await append(tx, { kind: 'source.watched', actor: by, subject: source, body }, clock)
      })
    },
  }
}

type Counts = readonly { readonly day: string; readonly asked: number }[]

/** How much comes from each source, against its usual, and how far behind it is; null where nobody measures it. */
async function flowsNow(
  { db, lake }: Parts,
  now: Date,
): Promise<(sign: Pick<SourceSign, 'id' | 'kind'>) => Promise<Pick<SourceRow, 'volume' | 'lagSeconds'>>> {
  const [asked, logs] = await Promise.all([connectorDays(db, now, volumeDays), flowsOfLogs(lake, now)])
  const today = now.toISOString().slice(0, 10)
  const volume = (of: NonNullable<SourceRow['volume']>['of'], days: Counts): SourceRow['volume'] => ({
    of,
    today: days.find(({ day }) => day === today)?.asked ?? 0,
    usual: usualOf(days, today),
  })
  return async ({ id: source, kind }) => {
    const id = source.slice(source.indexOf(':') + 1)
    switch (kind) {
      case 'provider': {
        const [days, lagSeconds] = await Promise.all([daysOfProvider(db, id, now, volumeDays), lagOfProvider(db, id)])
        return { volume: volume('messages', days), lagSeconds }
      }
      case 'logs': {
        // Away: not measured. There, and never heard: no line came.
        if (logs === null) return { volume: null, lagSeconds: null }
        const flow = logs.get(id)
        return { volume: volume('lines', flow?.days ?? []), lagSeconds: flow?.lagSeconds ?? null }
      }
      case 'connector':
        return { volume: volume('questions', asked.get(id) ?? []), lagSeconds: null }
      case 'door':
      case 'feed':
        return { volume: null, lagSeconds: null }
    }
  }
}

/** null: the lake could not be asked, which the list of what is away says already. */
async function flowsOfLogs(lake: Lake | null, now: Date): Promise<ReadonlyMap<string, Flow> | null> {
  if (lake === null || !lake.hasBegun()) return null
  try {
    return await flowOfSources(lake.engine, now, volumeDays)
  } catch (error) {
    if (isTrouble(error, 'lake.unreachable', 'lake.occupied', 'lake.too-costly')) return null
    throw error
  }
}

async function watchLogs(
  { db, clock, logs }: Parts & { readonly logs: LogsFront },
  id: string,
  silentAfterMinutes: number | null,
  by: string,
): Promise<void> {
  await changeLogSource({ db, clock, logs }, id, (before) => {
    const source = existing(before)
    const after = { ...source, silentAfterMinutes }
    const body = { before: changeable(source), after: changeable(after) }
    return { after, line: { kind: 'log-source.changed', actor: by, subject: `log-source:${id}`, body } }
  })
}
