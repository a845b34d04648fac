import { z } from 'zod'
import { Tlp } from './intelligence.ts'
import { SensitiveClass } from './reply.ts'

export const ChatKind = z.enum(['slack', 'teams'])
export type ChatKind = z.infer<typeof ChatKind>

/** What of a message stands in the chat, besides which ticket it is about and a link to it. Each is somebody's choice. */
export const ChatField = z.enum(['title', 'severity', 'words'])
export type ChatField = z.infer<typeof ChatField>

export const ChatSettings = z.object({
  /** Whose notices and questions are posted here: mail addresses, as mail would go to. */
  people: z.array(z.email().max(254)).max(50).default([]),
  /** Nobody else reads it: a question comes with its one-time link. Where several read, it says who is asked, and links to the desk. */
  personal: z.boolean().default(false),
  shows: z.array(ChatField).max(3).default(['title', 'severity']),
  /** Classes of sensitive places that may be written out here; every other place is redacted. A secret always is. */
  mayShow: z
    .array(SensitiveClass.exclude(['secret', 'intelligence']))
    .max(20)
    .default([]),
  /** The strictest traffic light that may be posted. */
  upToTlp: Tlp.default('GREEN'),
  plainHttp: z.boolean().default(false),
  allowAddresses: z.array(z.string().max(64)).max(50).default([]),
  ca: z
    .string()
    .max(64 * 1024)
    .default(''),
})
export type ChatSettings = z.infer<typeof ChatSettings>

/** What a notice is about, kept until it is posted: the words of the mail, and its links. */
export const ChatMatter = z.object({
  kind: z.enum(['person-question', 'approval', 'notify', 'test']),
  subject: z.string(),
  words: z.string(),
  /** Who is meant, where several read. */
  forWhom: z.array(z.string()),
  /** A link for one person alone, and whether it takes an answer by one tap. */
  link: z.string().nullable(),
  taps: z.boolean(),
  /** After this it is of no use any more. */
  expiresAt: z.string().nullable(),
})
export type ChatMatter = z.infer<typeof ChatMatter>

/** A message as it leaves: plain text, never markup. */
export type ChatMessage = {
  readonly heading: string
  readonly lines: readonly string[]
  readonly links: readonly { readonly label: string; readonly url: string }[]
  readonly foot: string
}
