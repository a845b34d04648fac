import { open } from 'node:fs/promises'
import { isTrouble, Trouble } from '../../kit/errors.ts'

/** Writes a whole file and has it on the disk before it resolves. */
export async function writeSynced(file: string, ...pieces: readonly (string | Uint8Array)[]): Promise<void> {
  const handle = await open(file, 'w', 0o600)
  try {
    for (const piece of pieces) await handle.writeFile(piece)
    await handle.datasync()
  } finally {
    await handle.close()
  }
}

export async function appendSynced(file: string, text: string): Promise<void> {
  const handle = await open(file, 'a', 0o600)
  try {
    await handle.writeFile(text)
    await handle.datasync()
  } finally {
    await handle.close()
  }
}

/** Has the names in a folder on the disk: a file that is synced may still be nameless after a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** A disk without room is what the sender hears as `lake.full`; whatever else went wrong stays what it is. */
export function fullOr(error: unknown, file: string): unknown {
  const code = (error as NodeJS.ErrnoException).code
  if (isTrouble(error) || (code !== 'ENOSPC' && code !== 'EDQUOT')) return error
  return new Trouble('lake.full', { why: 'the disk is full', file }, error)
}
