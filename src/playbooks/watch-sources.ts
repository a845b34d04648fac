import { addJob } from '../db/jobs.ts'
import { notifyAll } from '../db/live.ts'
import { type Db, transaction } from '../db/open.ts'
import { endSilence, noteSigns, openSilence, openSilences, type Silence } from '../db/source-watch.ts'
import { systemClock } from '../kit/clock.ts'
import { wordsOf } from '../kit/errors.ts'
import { append } from '../ledger/append.ts'
import { type SourceSign, silentSince, spanWords } from '../model/source-watch.ts'
import type { House } from './house.ts'
import type { Tasks } from './worker.ts'

type Desk = Pick<House, 'db' | 'clock' | 'people' | 'cannotMail' | 'mailNotice'>
/** All sources that could be asked, each with its last sign; and what could not be. */
export type Signs = () => Promise<{ readonly signs: readonly SourceSign[]; readonly away: readonly string[] }>

const watchJob = 'watch-sources'
/** How late the news of a silence may be; limits are a quarter of an hour and more. */
const everyMs = 60_000
/** Roles of `people:` that hear of a silence. */
const told = ['analyst', 'lead'] as const

/** The job: looks, and looks again. What stops it is logged, and it looks at the next turn. */
export function sourceTasks(house: Desk & Pick<House, 'log'>, signs: Signs): Tasks {
  return {
    [watchJob]: async () => {
      try {
        await watchSources(house, signs)
      } catch (error) {
        house.log.warn({ error: wordsOf(error) }, 'sources could not be looked at; they are at the next turn')
      }
      await queueNext(house.db)
    },
  }
}

/** Called at each start. The first look comes a turn later: doors that were just opened have not looked yet. */
export async function scheduleSources(db: Db): Promise<void> {
  await queueNext(db)
}

/** Jobs begin by the database's clock, whatever time the house is told it is. */
async function queueNext(db: Db): Promise<void> {
  await addJob(db, watchJob, {}, { key: watchJob, runAt: new Date(systemClock.now().getTime() + everyMs) })
}

/**
 * Looks at every source: keeps its rhythm, says that it is silent, and that it is heard again. Each silence is told once, by the row that
 * says so, however many nodes look and however often they start. What could not be asked stays as it was.
 */
export async function watchSources(house: Desk, signs: Signs): Promise<void> {
  const { db, clock } = house
  const [{ signs: all }, open] = await Promise.all([signs(), openSilences(db)])
  const now = clock.now()
  await transaction(db, (tx) => noteSigns(tx, all, now))
  for (const sign of all) {
    const since = silentSince(sign, now)
    const known = open.find(({ source }) => source === sign.id)
    if (since !== null && known === undefined) await tellSilence(house, sign, since, now)
    if (since === null && known !== undefined) await tellHeard(house, sign, known, now)
  }
}

async function tellSilence(house: Desk, sign: SourceSign, since: string, now: Date): Promise<void> {
  const limitMinutes = sign.limitMinutes ?? 0
  await transaction(house.db, async (tx) => {
    const id = await openSilence(tx, { source: sign.id, title: sign.title, since, limitMinutes }, now)
    if (id === null) return
    const to = [...new Set(told.flatMap((role) => house.people[role] ?? []))].filter(
      (one) => house.cannotMail([one]) === null,
    )
    if (to.length > 0)
      await house.mailNotice(tx, {
        ...{ id, kind: 'notify', to },
        subject: `Silent: ${sign.title}`,
        text: `${sign.title} (${sign.id}) gave no sign of life since ${since}; ${spanWords(limitMinutes)} is what this house set as its limit. A sign is: ${sign.sign}.\n\nWhat it would have told is missing meanwhile: that nothing comes does not mean that nothing happens. Settings, Sources says what is watched.\n`,
      })
    const body = { since, limitMinutes, lastSign: sign.lastAt, mailed: to.length }
    await append(tx, { kind: 'source.silent', actor: 'system', subject: sign.id, body }, house.clock)
    await notifyAll(tx, ['queue'])
  })
}

async function tellHeard(house: Desk, sign: SourceSign, silence: Silence, now: Date): Promise<void> {
  await transaction(house.db, async (tx) => {
    const why = sign.limitMinutes === null ? 'not-watched' : 'heard'
    if (!(await endSilence(tx, silence.id, why, now))) return
    const body = { since: silence.since, lastSign: sign.lastAt, why }
    await append(tx, { kind: 'source.heard', actor: 'system', subject: sign.id, body }, house.clock)
    await notifyAll(tx, ['queue'])
  })
}
