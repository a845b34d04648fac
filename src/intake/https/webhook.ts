import type { Clock } from '../../kit/clock.ts'
import { Trouble } from '../../kit/errors.ts'
import { inRanges, plainAddress } from '../../kit/ip-ranges.ts'
import type { Receipt, Receive } from '../../model/message.ts'
import type { Provider } from '../../model/provider.ts'
import type { WebhookRefusal, WebhookScheme } from '../../model/webhook.ts'
import { keepPost } from './intake.ts'
import { carriesSignature, type PostHeaders, verifySignature } from './signature.ts'

/** How a provider signs its posts, with the secrets that are valid at this moment. */
export type OpenWebhook = {
  readonly provider: Provider
  readonly scheme: WebhookScheme
  readonly secrets: readonly string[]
}

export type Knock = { readonly providerId: string; readonly headers: PostHeaders; readonly sourceAddress: string }
export type SignedPost = Knock & { readonly bytes: Uint8Array; readonly contentType: string }

export type WebhookDoor = {
  /** Before a byte of the body is read: is there such a door, may this address use it, does the post carry a signature at all? */
  readonly knock: (post: Knock) => Promise<void>
  /** Verifies the raw bytes and keeps them; resolves after the commit. The same bytes again are known by their digest, and not new. */
  readonly take: (post: SignedPost) => Promise<Receipt>
}

/**
 * The door of signed posts. Whatever is wrong (no such provider, address, signature, time) the sender hears Trouble('webhook.refused')
 * and nothing more, and nothing of the post is kept; the house counts why.
 */
export function makeWebhookDoor(options: {
  readonly webhookOf: (providerId: string) => Promise<OpenWebhook | null>
  readonly refused: (refusal: { providerId: string; reason: WebhookRefusal; sourceAddress: string }) => Promise<void>
  readonly receive: Receive
  readonly clock: Clock
}): WebhookDoor {
  const refuse = async (post: Knock, reason: WebhookRefusal): Promise<never> => {
    const sourceAddress = plainAddress(post.sourceAddress)
    await options.refused({ providerId: post.providerId, reason, sourceAddress })
    throw new Trouble('webhook.refused', { provider: post.providerId, reason, sourceAddress })
  }
  const open = async (post: Knock): Promise<OpenWebhook> => {
    const webhook = await options.webhookOf(post.providerId)
    // Nobody is told which providers there are, and nothing is counted for those that there are not.
    if (webhook === null) throw new Trouble('webhook.refused', { provider: post.providerId, reason: 'no such door' })
    const { sourceRanges } = webhook.provider
    if (sourceRanges.length > 0 && !inRanges(plainAddress(post.sourceAddress), sourceRanges))
      return refuse(post, 'address')
    return webhook
  }
  return {
    knock: async (post) => {
      const { scheme } = await open(post)
      if (!carriesSignature(scheme, post.headers)) await refuse(post, 'no-signature')
    },
    take: async (post) => {
      const { provider, scheme, secrets } = await open(post)
      const { headers, bytes } = post
      const verified = verifySignature(scheme, { secrets, headers, bytes, now: options.clock.now() })
      if (!verified.ok) return refuse(post, verified.reason)
      return keepPost(options.receive, provider, {
        ...post,
        origin: `https;provider=${provider.id};signed=${scheme.kind}`,
      })
    },
  }
}
