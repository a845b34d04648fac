/**
 * Text of a file that is nothing else, or null: UTF-8, UTF-16 with its mark, or Windows-1252. Control characters make it a binary, since a program
 * may read in them what a person does not see.
 */
export function plainText(bytes: Buffer): string | null {
  const text = decoded(bytes)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for
  return text === null || /[\x00-\x08\x0e-\x1a\x1c-\x1f]/.test(text) ? null : text
}

function decoded(bytes: Buffer): string | null {
  const strict = (encoding: string) => {
    try {
      return new TextDecoder(encoding, { fatal: true }).decode(bytes)
    } catch (error) {
      if (error instanceof TypeError) return null
      throw error
    }
  }
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return strict('utf-16le')
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return strict('utf-16be')
  return strict('utf-8') ?? strict('windows-1252')
}
