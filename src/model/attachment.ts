import { z } from 'zod'

/** What a file is, told by its bytes and not by its name. */
export const AttachmentKind = z.enum(['text', 'web-page', 'mail', 'document', 'workbook', 'archive', 'picture', 'pdf'])
export type AttachmentKind = z.infer<typeof AttachmentKind>

/** One file of a draft; a mail of more than 25 MB is refused by most servers, and base64 makes three bytes four. */
export const attachmentBytesMax = 10 * 1024 * 1024
/** All files of one draft. */
export const attachmentsBytesMax = 15 * 1024 * 1024
export const attachmentsMax = 10
/** A longer name is cut by some mail programs. */
export const attachmentNameCharsMax = 150

/** What was found when it was looked into. Never "clean": a file was read, or it stays here. */
export type Inspected =
  | {
      readonly kind: AttachmentKind
      /** The media type it leaves under. */
      readonly type: string
      /** As it would leave: with what was stripped taken out. */
      readonly bytes: Uint8Array
      /** Everything in it that can be read, for the detectors. */
      readonly text: string
      /** What is in it and cannot be read by any detector, by name: a person looks at it. */
      readonly unread: readonly string[]
      /** True where the text is the file, so that places of it can be covered. */
      readonly isPlain: boolean
      /** What was taken out, in words. */
      readonly stripped: readonly string[]
    }
  | Uninspected

/** It could not be looked into: why, and what to do. */
export type Uninspected = { readonly kind: 'blocked'; readonly why: string; readonly next: string }

/** Looks into a file in a thread that is killed when it takes too long. Never throws: what could not be looked into is blocked. */
export type Inspect = (name: string, bytes: Uint8Array) => Promise<Inspected>
