import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { Settings } from '../config/config.ts'
import { Trouble } from '../kit/errors.ts'
import { type KeyRing, keyRingIn, readKeyRing } from '../kit/seal.ts'

/** A key management service answers in a second; one that does not in half a minute keeps the server from starting, and says so. */
const commandMsMax = 30_000
const commandBytesMax = 64 * 1024

/** The keys that seal secrets, from where the settings say. */
export async function openKeyRing(settings: Settings): Promise<KeyRing> {
  const place = settings.sealKey
  switch (place.kind) {
    case 'folder':
      return keyRingIn(settings.dataFolder)
    case 'given':
      return readKeyRing(place.text, 'COUNTERFOIL_SEAL_KEY')
    case 'file':
      try {
        return readKeyRing(await readFile(place.file, 'utf8'), place.file)
      } catch (error) {
        throw error instanceof Trouble ? error : new Trouble('file.unreadable', { file: place.file }, error)
      }
    case 'command':
      return readKeyRing(await printed(place.argv), place.argv[0])
  }
}

async function printed([program, ...args]: readonly [string, ...string[]]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(program, args, { timeout: commandMsMax, maxBuffer: commandBytesMax })
    return stdout
  } catch (error) {
    // The error's own words would repeat the command and what it wrote.
    const { code, signal } = error as { code?: unknown; signal?: unknown }
    throw new Trouble('file.unreadable', { file: program, problem: `it printed no key (${String(code ?? signal)})` })
  }
}
