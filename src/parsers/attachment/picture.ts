import { Blocked } from './block.ts'

export type Stripped = { readonly bytes: Buffer; readonly stripped: readonly string[] }

const save = 'Open it, save it anew as PNG or JPEG, and attach that.'

export const isPng = (bytes: Buffer): boolean => bytes.subarray(0, 8).toString('latin1') === '\x89PNG\r\n\x1a\n'
export const isJpeg = (bytes: Buffer): boolean => bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff

/** Chunks that a picture needs to look as it does (PNG, third edition, 11.2 and 11.3); all others are taken out: texts, EXIF, times, strangers'. */
const pngNeeded = new Set(['IHDR', 'PLTE', 'IDAT', 'IEND', 'tRNS', 'gAMA', 'cHRM', 'sRGB', 'sBIT', 'bKGD', 'pHYs'])
const pngWords: Readonly<Record<string, string>> = {
  tEXt: 'text',
  zTXt: 'text',
  iTXt: 'text and XMP',
  eXIf: 'EXIF (place, time, camera)',
  tIME: 'time of the last change',
  iCCP: 'colour profile',
}

/** A PNG of nothing but what it takes to show it. Throws Blocked for a broken one: what follows the break was not looked at. */
export function strippedPng(bytes: Buffer): Stripped {
  const kept = [bytes.subarray(0, 8)]
  const stripped = new Set<string>()
  let at = 8
  for (;;) {
    if (at + 12 > bytes.length) throw new Blocked('The PNG picture is cut short.', save)
    const length = bytes.readUInt32BE(at)
    const name = bytes.toString('latin1', at + 4, at + 8)
    const next = at + 12 + length
    if (next > bytes.length) throw new Blocked('The PNG picture is cut short.', save)
    if (pngNeeded.has(name)) kept.push(bytes.subarray(at, next))
    else stripped.add(pngWords[name] ?? 'data that is not the picture')
    at = next
    if (name === 'IEND') break
  }
  if (at < bytes.length) stripped.add('what stood behind the picture')
  return { bytes: Buffer.concat(kept), stripped: [...stripped] }
}

/** Markers that stand alone, without a length. */
const isAlone = (marker: number) => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)

/**
 * A JPEG of nothing but what it takes to show it: every application segment but JFIF's header and Adobe's note on colours goes, with
 * EXIF, XMP, IPTC, comments and whatever stands behind the end. Throws Blocked for a broken one.
 */
export function strippedJpeg(bytes: Buffer): Stripped {
  const kept = [bytes.subarray(0, 2)]
  const stripped = new Set<string>()
  let at = 2
  for (;;) {
    if (at + 4 > bytes.length || bytes[at] !== 0xff) throw new Blocked('The JPEG picture is broken.', save)
    const marker = bytes[at + 1] ?? 0
    if (marker === 0xff) {
      at += 1
      continue
    }
    if (isAlone(marker)) {
      at += 2
      continue
    }
    const next = at + 2 + bytes.readUInt16BE(at + 2)
    if (next > bytes.length) throw new Blocked('The JPEG picture is broken.', save)
    const words = wordsOfSegment(marker, bytes.subarray(at + 4, next))
    if (words === null) kept.push(withoutThumbnail(bytes.subarray(at, next), marker))
    else {
      stripped.add(words)
      const turned = marker === 0xe1 ? orientationOf(bytes.subarray(at + 4, next)) : null
      if (turned !== null) kept.push(onlyOrientation(turned))
    }
    at = next
    if (marker !== 0xda) continue
    const dataEnd = endOfScan(bytes, at)
    kept.push(bytes.subarray(at, dataEnd))
    at = dataEnd
    if (bytes[at + 1] === 0xd9) break
  }
  kept.push(Buffer.from([0xff, 0xd9]))
  if (at + 2 < bytes.length) stripped.add('what stood behind the picture')
  return { bytes: Buffer.concat(kept), stripped: [...stripped] }
}

/** Null for a segment that the picture needs. */
function wordsOfSegment(marker: number, content: Buffer): string | null {
  if (marker === 0xfe) return 'comments'
  if (marker < 0xe0 || marker > 0xef) return null
  const begins = content.toString('latin1', 0, 40)
  if (marker === 0xe0 && begins.startsWith('JFIF\0')) return null
  if (marker === 0xee && begins.startsWith('Adobe') && content.length === 12) return null
  if (marker === 0xe1 && isOnlyOrientation(content)) return null
  if (marker === 0xe1 && begins.startsWith('Exif')) return 'EXIF (place, time, camera)'
  if (marker === 0xe1 && begins.startsWith('http://ns.adobe.com/')) return 'XMP'
  if (marker === 0xe2 && begins.startsWith('ICC_PROFILE')) return 'colour profile'
  if (marker === 0xed) return 'IPTC (author, captions)'
  return 'data that is not the picture'
}

/** Where the orientation stands in the EXIF that is kept. */
const orientationAt = 4 + 6 + 18

/** A segment of EXIF that says how the camera was held and nothing else: without it a picture lies on its side. */
function onlyOrientation(turned: number): Buffer {
  const tiff = '4d4d002a00000008' + '0001' + '0112000300000001' + '00000000' + '00000000'
  const segment = Buffer.concat([Buffer.from('ffe10022', 'hex'), Buffer.from('Exif\0\0'), Buffer.from(tiff, 'hex')])
  segment.writeUInt16BE(turned, orientationAt)
  return segment
}

function isOnlyOrientation(content: Buffer): boolean {
  const turned = orientationOf(content)
  return turned !== null && content.equals(onlyOrientation(turned).subarray(4))
}

/** Tag 0x0112 of the first directory (EXIF 2.32, 4.6.4): 2 to 8; null where the picture stands upright, or nobody can tell. */
function orientationOf(content: Buffer): number | null {
  const tiff = content.subarray(6)
  const order = tiff.toString('latin1', 0, 4)
  if (content.toString('latin1', 0, 6) !== 'Exif\0\0' || tiff.length < 8) return null
  if (order !== 'II*\0' && order !== 'MM\0*') return null
  const isLittle = order === 'II*\0'
  const short = (at: number) => (isLittle ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at))
  const directory = isLittle ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4)
  if (directory + 2 > tiff.length) return null
  const entries = short(directory)
  for (let at = directory + 2; at < directory + 2 + 12 * entries && at + 12 <= tiff.length; at += 12) {
    if (short(at) !== 0x0112) continue
    const turned = short(at + 8)
    return short(at + 2) === 3 && turned >= 2 && turned <= 8 ? turned : null
  }
  return null
}

/** JFIF's header may carry a small picture of what the large one showed before it was cut. */
function withoutThumbnail(segment: Buffer, marker: number): Buffer {
  if (marker !== 0xe0 || segment.length <= 18) return segment
  const head = Buffer.from(segment.subarray(0, 18))
  head.writeUInt16BE(16, 2)
  head.writeUInt16BE(0, 16)
  return head
}

/** Where the marker after the picture's own data begins: a 0xFF that neither stands for itself nor restarts the decoder. */
function endOfScan(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1]
    if (next === undefined) break
    if (next !== 0 && next !== 0xff && !isAlone(next)) return at
  }
  throw new Blocked('The JPEG picture is cut short.', save)
}
