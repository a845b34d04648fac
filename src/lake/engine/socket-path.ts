import { lstat, mkdir } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { sha256Hex } from '../../kit/digest.ts'
import { Trouble, wordsOf } from '../../kit/errors.ts'

/** sockaddr_un.sun_path: 107 bytes and a NUL. */
const socketPathBytesMax = 107

/**
 * Where the engine of a folder listens: in the folder itself, and where that name is too long, in a folder of the system's temporary
 * one that only we may enter. Both are found again from the folder's path alone.
 */
export async function socketPathOf(folder: string): Promise<string> {
  const inside = path.join(folder, 'engine.sock')
  if (Buffer.byteLength(inside) <= socketPathBytesMax) return inside
  const outside = path.join(os.tmpdir(), `counterfoil-lake-${sha256Hex(folder).slice(0, 16)}`)
  try {
    await mkdir(outside, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      throw new Trouble('file.unreadable', { folder: outside, problem: wordsOf(error) }, error)
  }
  const found = await lstat(outside)
  // Anybody may make a folder there before us, and would be asked our questions.
  if (
    !found.isDirectory() ||
    (process.getuid !== undefined && found.uid !== process.getuid()) ||
    (found.mode & 0o077) !== 0
  )
    throw new Trouble('file.unreadable', { folder: outside, problem: 'it is not a folder of ours alone; remove it' })
  return path.join(outside, 'engine.sock')
}
