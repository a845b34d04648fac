import type { Clock } from '../../kit/clock.ts'
import type { Feed, FeedPiece } from '../../model/feed.ts'
import { Fetcher } from './fetch.ts'
import { listPieces, mispFeedPieces, mispPieces } from './misp.ts'
import type { FeedSettings } from './settings.ts'
import { taxiiPieces } from './taxii.ts'

/** So many fetches may fail before a feed counts as stale, and at least a day. */
const missedFetches = 3

/** A feed of the settings, ready to be fetched. Throws where its file of a certificate authority or its addresses cannot be read. */
export function openFeed(
  feed: FeedSettings,
  with_: { readonly clock: Clock; readonly environmentSecret: (name: string) => string | null },
): Feed {
  const fetcher = new Fetcher(feed, with_.environmentSecret)
  const pieces = (position: unknown, signal: AbortSignal): AsyncIterable<FeedPiece> => {
    switch (feed.kind) {
      case 'taxii':
        return taxiiPieces(feed, fetcher, position, signal)
      case 'misp':
        return mispPieces(feed, fetcher, position, signal, with_.clock.now())
      case 'misp-feed':
        return mispFeedPieces(feed, fetcher, position, signal)
      case 'list':
        return listPieces(feed, fetcher, position, signal)
    }
  }
  return {
    source: {
      ...{ id: feed.id, kind: feed.kind, title: feed.title ?? feed.id, tlp: feed.tlp ?? null },
      staleAfterHours: Math.max(24, Math.ceil((missedFetches * feed.everyMinutes) / 60)),
    },
    everyMinutes: feed.everyMinutes,
    pieces,
    close: () => fetcher.close(),
  }
}
