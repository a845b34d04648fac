import { Blocked } from './block.ts'
import { isJpeg, isPng, strippedJpeg, strippedPng } from './picture.ts'
import { plainText } from './plain.ts'

/** A key or a token is shorter; a small picture has 1,000 letters. */
const blobCharsMin = 800
const blob = /(?:[A-Za-z0-9+/_-]{40,}\s{0,2}){1,}[A-Za-z0-9+/_-]{0,40}={0,2}/g
/** RFC 2397, with base64; pages and style sheets carry their pictures so. */
const dataUri = /(data:[a-z0-9.+/-]{0,100}(?:;[a-z0-9=.+_"-]{1,60}){0,5};base64,)([A-Za-z0-9+/]{8,}={0,2})/gi
/** What uuencode and its like begin with (POSIX): a program packs it out, and nobody reads it. */
const uuencoded = /^begin(?:-base64)? [0-7]{3,4} \S/m

export type DataInText = {
  readonly bytes: Buffer
  readonly stripped: readonly string[]
  /** There is something written as letters that no detector reads. */
  readonly unread: boolean
}

/**
 * Bytes that were written as letters (a picture in a page, a key store in a script). The detectors read them only where they are text; what
 * pictures in a page say beside the picture (place, time, camera) is taken out, since nobody sees that by looking. Throws Blocked for a broken one.
 */
export function dataInText(bytes: Buffer, text: string): DataInText {
  const stripped = new Set<string>()
  const latin1 = bytes.toString('latin1')
  let seen = 0
  let unread = uuencoded.test(text)
  const anew = latin1.replace(dataUri, (all, head: string, letters: string) => {
    seen += 1
    const data = Buffer.from(letters, 'base64')
    if (!isPng(data) && !isJpeg(data)) {
      unread ||= plainText(data) === null
      return all
    }
    unread = true
    const made = pictureIn(data)
    if (made.bytes.equals(data)) return all
    for (const one of made.stripped) stripped.add(one)
    return head + made.bytes.toString('base64')
  })
  if ((text.match(dataUri) ?? []).length !== seen)
    throw new Blocked('Pictures are written into it as UTF-16.', 'Save it as UTF-8, and attach that.')
  const blobs = text.match(blob) ?? []
  unread ||= blobs.some((one) => one.length > blobCharsMin && plainText(Buffer.from(one, 'base64')) === null)
  return { bytes: stripped.size === 0 ? bytes : Buffer.from(anew, 'latin1'), stripped: [...stripped], unread }
}

function pictureIn(data: Buffer): { readonly bytes: Buffer; readonly stripped: readonly string[] } {
  try {
    return isPng(data) ? strippedPng(data) : strippedJpeg(data)
  } catch (error) {
    if (error instanceof Blocked)
      throw new Blocked(`A picture is written into it. ${error.message}`, 'Take it out, and attach the rest.')
    throw error
  }
}
