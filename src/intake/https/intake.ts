import { Trouble } from '../../kit/errors.ts'
import { inRanges, plainAddress } from '../../kit/ip-ranges.ts'
import type { Receipt, Receive } from '../../model/message.ts'
import { mailBytesMax } from '../../model/message.ts'
import type { Provider } from '../../model/provider.ts'

/** JSON is checked on the main thread: 4 MB take about 40 ms. Alerts in JSON are below 200 KB. */
export const jsonBytesMax = 4 * 1024 * 1024

/** A post as HTTP understands it. */
export type Post = {
  readonly bytes: Uint8Array
  readonly contentType: string
  /** What stood in the Authorization header after "Bearer ", or null. */
  readonly key: string | null
  /** The peer, as far as the proxies in between are believed. */
  readonly sourceAddress: string
}

export type PostOptions = {
  /** The provider whose key this is (compared by its SHA-256, see db/providers.ts); null for a key nobody has. */
  readonly providerOfKey: (key: string) => Promise<Provider | null>
  readonly receive: Receive
}

/** "mail" for RFC 5322 in whichever of its types, "json" for JSON; anything else is refused. */
function formOf(contentType: string): 'mail' | 'json' {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? ''
  if (type === 'message/rfc822' || type === 'text/plain' || type === 'application/octet-stream') return 'mail'
  if (type === 'application/json' || type.endsWith('+json')) return 'json'
  throw new Trouble('input.invalid', { fields: { 'content-type': 'message/rfc822 or application/json' } })
}

function checkJson(bytes: Uint8Array): void {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw new Trouble('input.invalid', { fields: { body: 'This is no JSON.' } }, error)
  }
  if (typeof value !== 'object' || value === null)
    throw new Trouble('input.invalid', { fields: { body: 'A JSON object or list is expected.' } })
}

/**
 * Takes a provider's post: resolves after the commit with the id of the message. Rejects with Trouble: sign-in.needed without a valid
 * key, intake.refused from an address that is not theirs (and says no more), input.too-large, input.invalid.
 */
export function makeTakePost(options: PostOptions): (post: Post) => Promise<Receipt> {
  return async (post) => {
    const provider = post.key === null || post.key === '' ? null : await options.providerOfKey(post.key)
    if (provider === null) throw new Trouble('sign-in.needed')
    const sourceAddress = plainAddress(post.sourceAddress)
    // Without ranges every address may post.
    const { sourceRanges } = provider
    if (sourceRanges.length > 0 && !inRanges(sourceAddress, sourceRanges))
      throw new Trouble('intake.refused', { provider: provider.id, sourceAddress })
    return keepPost(options.receive, provider, { ...post, origin: `https;provider=${provider.id}` })
  }
}

/** Keeps a post that is known to be the provider's. Rejects with input.too-large or input.invalid for what is no message. */
export async function keepPost(
  receive: Receive,
  provider: Provider,
  post: Pick<Post, 'bytes' | 'contentType' | 'sourceAddress'> & { readonly origin: string },
): Promise<Receipt> {
  const form = formOf(post.contentType)
  const bytesMax = form === 'json' ? jsonBytesMax : mailBytesMax
  if (post.bytes.length > bytesMax) throw new Trouble('input.too-large', { bytes: post.bytes.length, bytesMax })
  if (post.bytes.length === 0) throw new Trouble('input.invalid', { fields: { body: 'There is no message in it.' } })
  if (form === 'json') checkJson(post.bytes)
  return receive({
    bytes: post.bytes,
    form,
    channel: 'https',
    sourceAddress: plainAddress(post.sourceAddress),
    heloName: null,
    envelopeFrom: null,
    envelopeTo: [],
    providerId: provider.id,
    origin: post.origin,
  })
}
