/** First bytes of every compound file (MS-CFB section 2.2), which is what Outlook saves as .msg. */
const magic = Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1])

/** Is this an Outlook file? Below 512 bytes there is no room for its header. */
export function isCompoundFile(bytes: Uint8Array): boolean {
  return bytes.length > 512 && magic.equals(bytes.subarray(0, 8))
}
