import type { Entry } from './archive.ts'
import { Blocked } from './block.ts'

/** A part as it stands in a mail; `at`: where its base64 does, null where nothing can be put instead. */
export type MailPart = Entry & { readonly at: { readonly from: number; readonly to: number } | null }

/** A mail taken apart by whoever reads mails: all that is no part of it as text, its parts with their names, and why it is not whole. */
export type MailApart = {
  readonly head: string
  readonly parts: readonly MailPart[]
  readonly problem: string | null
}

/** A part as it may leave. */
export type PartLooked = { readonly name: string; readonly bytes: Buffer; readonly stripped: readonly string[] }

const itself = 'Attach that file itself: it is taken out there.'

/** True for a mail that somebody signed: with other bytes in it the signature would say that it was forged. */
const isSigned = (head: string): boolean =>
  /^content-type:\s*(?:multipart\/signed|application\/(?:x-)?pkcs7-mime)/im.test(head)

/**
 * The mail with what was taken out of its parts taken out of it too: those parts are encoded anew, all else stays byte for byte. It is taken
 * apart once more, so that what was looked into is what leaves. Throws Blocked where a part cannot be put anew.
 */
export function mailAnew(
  bytes: Buffer,
  { head, parts }: MailApart,
  looked: readonly PartLooked[],
  takeApart: (bytes: Buffer) => MailApart,
): Buffer {
  const changes = parts.flatMap((part, index) => {
    const as = looked[index]
    return as === undefined || as.bytes.equals(part.bytes) ? [] : [{ at: part.at, as }]
  })
  const [first] = changes
  if (first === undefined) return bytes
  const carries = (as: PartLooked) => `${as.name} in the mail carries ${as.stripped.join(', ')}`
  if (isSigned(head)) throw new Blocked(`${carries(first.as)}, and the mail is signed as it is.`, itself)
  const lineEnd = bytes.includes('\r\n') ? '\r\n' : '\n'
  const pieces: Buffer[] = []
  let done = 0
  for (const { at, as } of changes) {
    if (at === null) throw new Blocked(`${carries(as)}, and cannot be put anew there.`, itself)
    const letters = as.bytes.toString('base64').replace(/.{1,76}(?=.)/g, `$&${lineEnd}`)
    pieces.push(bytes.subarray(done, at.from), Buffer.from(letters))
    done = at.to
  }
  const made = Buffer.concat([...pieces, bytes.subarray(done)])
  const again = takeApart(made)
  const isSame = again.problem === null && again.parts.length === parts.length
  if (!isSame || again.parts.some((part, index) => !part.bytes.equals(looked[index]?.bytes ?? Buffer.alloc(0))))
    throw new Blocked(`${carries(first.as)}, and the mail does not read the same without.`, itself)
  return made
}
