import { readFileSync } from 'node:fs'
import { readLetter } from '../src/intake/mail/read-letter.ts'
import type { Letter } from '../src/model/letter.ts'

/** A mail file as a Letter, as the parse worker makes it. For tests and tools. */
export function letterOf(file: string | URL): Letter {
  return readLetter(readFileSync(file))
}

/** A mail written in a test, with LF line ends, as a Letter. */
export function letterFrom(text: string | Uint8Array): Letter {
  return readLetter(typeof text === 'string' ? Buffer.from(text) : text)
}
