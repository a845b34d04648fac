import type { IntelligenceSource } from './intelligence.ts'

/** One piece of a feed: a page, an event, a list. Its bytes come as they are read, and must be read to their end. */
export type FeedPiece = {
  readonly bytes: AsyncIterable<Uint8Array>
  /** The whole of what the source has, so that what it no longer names is withdrawn. */
  readonly isWhole: boolean
  /** Column of a CSV that holds the indicators; null: it is found out. */
  readonly column: string | null
  /** How far the feed was read with this piece; handed back at the next fetch, also after a crash between two pieces. */
  readonly position: unknown
}

/** A source of intelligence that is fetched. It throws words that a person understands, and FeedBusy where it was asked to wait. */
export type Feed = {
  readonly source: Pick<IntelligenceSource, 'id' | 'kind' | 'title' | 'tlp' | 'staleAfterHours'>
  readonly everyMinutes: number
  readonly pieces: (position: unknown, signal: AbortSignal) => AsyncIterable<FeedPiece>
  readonly close: () => Promise<void>
}

/** The server asks to be left alone for longer than a fetch waits. */
export class FeedBusy extends Error {
  readonly seconds: number
  constructor(seconds: number, why: string) {
    super(`${why}: it asks to be left alone for ${seconds} s`)
    this.seconds = seconds
  }
}
