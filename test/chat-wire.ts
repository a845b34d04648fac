import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What the other side does with the next posts, in order; afterwards it takes everything, as Slack does. */
export type Reaction =
  | 'take'
  | 'drop'
  | { readonly status: number; readonly retryAfter?: string; readonly text?: string }

export type ChatWire = {
  readonly url: string
  /** Bodies as they arrived, whatever was answered. */
  readonly posts: string[]
  readonly next: Reaction[]
  readonly stop: () => Promise<void>
}

/** A server that takes what a webhook of Slack or Teams takes, and goes wrong as told. */
export async function startChatWire(): Promise<ChatWire> {
  const posts: string[] = []
  const next: Reaction[] = []
  const react = (response: ServerResponse): void => {
    const reaction = next.shift() ?? 'take'
    if (reaction === 'drop') response.destroy()
    else if (reaction === 'take') response.writeHead(200, { 'content-type': 'text/html' }).end('ok')
    else
      response
        .writeHead(reaction.status, reaction.retryAfter === undefined ? {} : { 'retry-after': reaction.retryAfter })
        .end(reaction.text ?? '')
  }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      posts.push(Buffer.concat(chunks).toString())
      react(response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/services/T0/B0/secret-of-the-webhook`,
    posts,
    next,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
