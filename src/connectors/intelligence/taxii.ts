import { z } from 'zod'
import type { FeedPiece } from '../../model/feed.ts'
import type { Fetcher } from './fetch.ts'
import type { FeedSettings } from './settings.ts'

const accept = 'application/taxii+json;version=2.1'
/** Objects of a page; servers give fewer where they like. */
const pageObjects = 1_000
/** Of one fetch; the next one goes on behind them. */
const pagesMax = 2_000
const collectionsMax = 100

/** Where a collection was read to: objects added later are asked for, and in the middle of a run the server's own next page. */
const Place = z.object({ addedAfter: z.string().nullable(), next: z.string().nullable() })
type Place = z.infer<typeof Place>
const Position = z.record(z.string(), Place).catch({})

const Envelope = z.object({
  more: z.boolean().default(false),
  next: z.string().optional(),
  objects: z.array(z.unknown()).default([]),
})
const Collections = z.object({
  collections: z.array(z.object({ id: z.string(), can_read: z.boolean().default(false) })).default([]),
})

/** Collections of a TAXII 2.1 server (OASIS, 2021), page by page, each of them only what was added since. */
export async function* taxiiPieces(
  feed: FeedSettings,
  fetcher: Fetcher,
  position: unknown,
  signal: AbortSignal,
): AsyncGenerator<FeedPiece> {
  const places = Position.parse(position ?? {})
  for (const collection of await collectionsOf(feed, fetcher, signal)) {
    for await (const { text, place } of pagesOf(
      feed,
      fetcher,
      collection,
      places[collection] ?? { addedAfter: null, next: null },
      signal,
    )) {
      places[collection] = place
      yield { bytes: once(text), isWhole: false, column: null, position: { ...places } }
    }
  }
}

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

async function collectionsOf(feed: FeedSettings, fetcher: Fetcher, signal: AbortSignal): Promise<readonly string[]> {
  if (feed.collection !== undefined) return [feed.collection]
  const response = await fetcher.fetch({ url: `${root(feed)}collections/`, headers: { accept } }, signal)
  const parsed = Collections.safeParse(jsonOf(await response.text()))
  if (!parsed.success) throw new Error('its list of collections is none of TAXII 2.1')
  const readable = parsed.data.collections.filter(({ can_read }) => can_read).map(({ id }) => id)
  if (readable.length === 0) throw new Error('it has no collection that we may read')
  return readable.slice(0, collectionsMax)
}

async function* pagesOf(feed: FeedSettings, fetcher: Fetcher, collection: string, from: Place, signal: AbortSignal) {
  const seen = new Set<string>()
  let place = from
  let last = from.addedAfter
  for (let pages = 0; pages < pagesMax; pages += 1) {
    const response = await fetcher.fetch(
      { url: urlOf(feed, collection, place), headers: { accept } },
      signal,
      place.next === null ? [] : [400, 404],
    )
    if (response.status >= 400) {
      // The server forgot its own page: what was added since the last whole run is asked for anew.
      await response.text()
      place = { addedAfter: place.addedAfter, next: null }
      continue
    }
    const text = await response.text()
    const parsed = Envelope.safeParse(jsonOf(text))
    if (!parsed.success) throw new Error('a page is no envelope of TAXII 2.1')
    const { more, next, objects } = parsed.data
    last = later(last, response.header('x-taxii-date-added-last'))
    if (!more) {
      if (objects.length > 0 || last !== place.addedAfter)
        yield { text: pageOf(objects), place: { addedAfter: last, next: null } }
      return
    }
    // Without a next page of its own the server is asked for what came after its last object.
    place = next === undefined ? { addedAfter: last, next: null } : { addedAfter: from.addedAfter, next }
    const key = JSON.stringify(place)
    if (seen.has(key)) throw new Error('its pages go round in a circle')
    seen.add(key)
    yield { text: pageOf(objects), place }
  }
}

function pageOf(objects: readonly unknown[]): string {
  return JSON.stringify({ objects })
}

function later(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return other ?? one
  return Date.parse(other) > Date.parse(one) ? other : one
}

function urlOf(feed: FeedSettings, collection: string, { addedAfter, next }: Place): string {
  const url = new URL(`${root(feed)}collections/${encodeURIComponent(collection)}/objects/`)
  url.searchParams.set('limit', String(pageObjects))
  if (addedAfter !== null) url.searchParams.set('added_after', addedAfter)
  if (next !== null) url.searchParams.set('next', next)
  return url.href
}

function root({ url }: FeedSettings): string {
  return url.endsWith('/') ? url : `${url}/`
}

export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error('it answers with something that is no JSON', { cause: error })
  }
}
