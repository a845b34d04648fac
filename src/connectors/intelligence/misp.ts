import { z } from 'zod'
import type { FeedPiece } from '../../model/feed.ts'
import type { Fetcher } from './fetch.ts'
import type { FeedSettings } from './settings.ts'
import { jsonOf } from './taxii.ts'

/** Attributes of a page; MISP takes some seconds for so many. */
const pageAttributes = 2_000
const pagesMax = 5_000
/** Changes within this before the last fetch are asked for again: clocks differ, and a transaction may end late. */
const overlapSeconds = 300

const Position = z
  .object({ since: z.number(), page: z.number(), began: z.number() })
  .catch({ since: 0, page: 1, began: 0 })
const Found = z.object({
  response: z.union([z.object({ Attribute: z.array(z.unknown()).default([]) }), z.array(z.unknown())]),
})

/** Attributes for detection of a MISP server, by its REST search: what changed since the last time, page by page. */
export async function* mispPieces(
  feed: FeedSettings,
  fetcher: Fetcher,
  position: unknown,
  signal: AbortSignal,
  now: Date,
): AsyncGenerator<FeedPiece> {
  const before = Position.parse(position ?? undefined)
  const began = before.page > 1 ? before.began : Math.floor(now.getTime() / 1_000)
  for (let page = before.page; page < pagesMax; page += 1) {
    const response = await fetcher.fetch(
      {
        url: new URL('attributes/restSearch', feed.url.endsWith('/') ? feed.url : `${feed.url}/`).href,
        method: 'POST',
        headers: { accept: 'application/json', 'content-type': 'application/json' },
        body: JSON.stringify({
          ...{
            returnFormat: 'json',
            page,
            limit: pageAttributes,
            to_ids: 1,
            includeEventTags: 1,
            includeContext: 1,
            deleted: [0, 1],
          },
          ...(before.since === 0 ? {} : { timestamp: Math.max(0, before.since - overlapSeconds) }),
        }),
      },
      signal,
    )
    const parsed = Found.safeParse(jsonOf(await response.text()))
    if (!parsed.success) throw new Error('it answers with something that is no search result of MISP')
    const found = parsed.data.response
    const attributes = Array.isArray(found) ? [] : found.Attribute
    const isLast = attributes.length < pageAttributes
    yield {
      bytes: once(JSON.stringify({ response: { Attribute: attributes } })),
      isWhole: false,
      column: null,
      position: isLast ? { since: began, page: 1, began: 0 } : { since: before.since, page: page + 1, began },
    }
    if (isLast) return
  }
}

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

/** Events of a public feed: the largest has some 2,000. */
const eventsMax = 50_000
const Manifest = z.record(z.uuid(), z.object({ timestamp: z.union([z.string(), z.number()]).transform(String) }))
const Taken = z.object({ events: z.record(z.string(), z.string()) }).catch({ events: {} })

/** A feed as MISP publishes it: manifest.json says when each event changed, and only those that did are fetched. */
export async function* mispFeedPieces(
  feed: FeedSettings,
  fetcher: Fetcher,
  position: unknown,
  signal: AbortSignal,
): AsyncGenerator<FeedPiece> {
  const base = feed.url.endsWith('/') ? feed.url : `${feed.url}/`
  const manifest = Manifest.safeParse(
    jsonOf(await (await fetcher.fetch({ url: new URL('manifest.json', base).href }, signal)).text()),
  )
  if (!manifest.success) throw new Error('its manifest.json is none of a MISP feed')
  const { events } = Taken.parse(position ?? undefined)
  const changed = Object.entries(manifest.data).filter(([uuid, { timestamp }]) => events[uuid] !== timestamp)
  for (const [uuid, { timestamp }] of changed.slice(0, eventsMax)) {
    const response = await fetcher.fetch({ url: new URL(`${uuid}.json`, base).href }, signal)
    events[uuid] = timestamp
    yield { bytes: response.bytes, isWhole: false, column: null, position: { events: { ...events } } }
  }
}

const Tags = z
  .object({ etag: z.string().nullable(), modified: z.string().nullable() })
  .catch({ etag: null, modified: null })

/** A list at an address (or a bundle, or an event): fetched whole when it has changed. */
export async function* listPieces(
  feed: FeedSettings,
  fetcher: Fetcher,
  position: unknown,
  signal: AbortSignal,
): AsyncGenerator<FeedPiece> {
  const { etag, modified } = Tags.parse(position ?? undefined)
  const headers = {
    ...(etag === null ? {} : { 'if-none-match': etag }),
    ...(modified === null ? {} : { 'if-modified-since': modified }),
  }
  const response = await fetcher.fetch({ url: feed.url, headers }, signal, [304])
  if (response.status === 304) {
    await response.text()
    return
  }
  const next = { etag: response.header('etag'), modified: response.header('last-modified') }
  yield { bytes: response.bytes, isWhole: true, column: feed.column ?? null, position: next }
}
