import { forgetOldIndicators, importIntelligence, noteFetch, positionOf } from '../db/intelligence-import.ts'
import { addJob } from '../db/jobs.ts'
import type { Database } from '../db/open.ts'
import type { Clock } from '../kit/clock.ts'
import { problemOf, Trouble, wordsOf } from '../kit/errors.ts'
import { type Feed, FeedBusy, type FeedPiece } from '../model/feed.ts'
import { openIntelligence } from '../parsers/intelligence/read.ts'
import type { Log } from './house.ts'
import { hostName } from './import-intelligence.ts'
import type { Tasks } from './worker.ts'

/** The job that fetches one feed; one of each waits at any time. */
const fetchJob = 'fetch-intelligence'
/** After the start, so that the desk is there first; feeds one after the other. */
const firstFetchMs = 15_000
const betweenFeedsMs = 5_000
/** A feed of millions, slowly; longer than this is a server that does not end. */
const fetchMsMax = 60 * 60_000

type FetchParts = {
  readonly db: Database['db']
  readonly clock: Clock
  readonly log: Log
  readonly feeds: readonly Feed[]
}

export type FeedTaken = {
  readonly pieces: number
  readonly indicators: number
  readonly fresh: number
  readonly skipped: number
}

/**
 * Fetches one feed and takes what is new, each piece in a transaction with how far the feed was read: killed in between, the next fetch
 * goes on behind the last piece, and a piece that comes twice changes nothing. Notes how it went; throws what stopped it.
 */
export async function fetchFeed(
  parts: Pick<FetchParts, 'db' | 'clock'>,
  feed: Feed,
  signal: AbortSignal,
): Promise<FeedTaken> {
  const { db, clock } = parts
  const taken = { pieces: 0, indicators: 0, fresh: 0, skipped: 0 }
  try {
    for await (const piece of feed.pieces(await positionOf(db, feed.source.id), signal)) {
      const one = await takePiece(parts, feed, piece)
      taken.pieces += 1
      taken.indicators += one.indicators
      taken.fresh += one.fresh
      taken.skipped += one.skipped
    }
  } catch (error) {
    if (!signal.aborted) await noteFetch(db, feed.source, { ok: false, why: problemOf(error) }, clock)
    throw error
  }
  await noteFetch(db, feed.source, { ok: true }, clock)
  return taken
}

async function takePiece({ db, clock }: Pick<FetchParts, 'db' | 'clock'>, feed: Feed, piece: FeedPiece) {
  const { form, reads } = await openIntelligence(piece.bytes, piece.column)
  const taken = await importIntelligence(
    db,
    {
      ...{ source: feed.source, reads, by: 'system', inLedger: false, dryRun: false, hostOf: hostName },
      isWhole: piece.isWhole && form === 'list',
      position: () => piece.position,
    },
    clock,
  )
  // A page that says "we are down for maintenance" is text, too: a list of which nothing could be read is a failure, not an empty list.
  if (piece.isWhole && taken.indicators === 0 && taken.skipped > 0) {
    throw new Trouble('input.invalid', {
      problem: `not one of ${taken.skipped} entries could be read: ${taken.skippedSome[0]?.why ?? ''}`,
    })
  }
  return taken
}

/** The job, as the worker runs it. It never fails for good: what stops it stands beside the feed, and it is tried at the next turn. */
export function intelligenceTasks(parts: FetchParts): Tasks {
  const byId = new Map(parts.feeds.map((feed) => [feed.source.id, feed]))
  return {
    [fetchJob]: async (payload, { signal }) => {
      const feed = byId.get(String((payload as { source?: unknown }).source))
      if (feed === undefined) return
      const waitMs = await fetchOrSay(parts, feed, AbortSignal.any([signal, AbortSignal.timeout(fetchMsMax)]))
      await queue(parts.db, feed, new Date(parts.clock.now().getTime() + waitMs))
    },
  }
}

/** Returns after how long it is fetched again. */
async function fetchOrSay(parts: FetchParts, feed: Feed, signal: AbortSignal): Promise<number> {
  const everyMs = feed.everyMinutes * 60_000
  try {
    const taken = await fetchFeed(parts, feed, signal)
    await forgetOldIndicators(parts.db, parts.clock.now())
    parts.log.info({ source: feed.source.id, ...taken }, 'intelligence was fetched')
    return everyMs
  } catch (error) {
    parts.log.warn(
      { source: feed.source.id, error: wordsOf(error) },
      'intelligence could not be fetched; it is tried again',
    )
    return error instanceof FeedBusy ? Math.max(everyMs, error.seconds * 1_000) : everyMs
  }
}

/** Called at each start: every feed is fetched soon, and from then on by itself. */
export async function scheduleIntelligence({ db, clock, feeds }: FetchParts): Promise<void> {
  for (const [place, feed] of feeds.entries()) {
    await queue(db, feed, new Date(clock.now().getTime() + firstFetchMs + place * betweenFeedsMs))
  }
}

async function queue(db: Database['db'], feed: Feed, runAt: Date): Promise<void> {
  await addJob(db, fetchJob, { source: feed.source.id }, { key: `${fetchJob}:${feed.source.id}`, runAt })
}
