import { glob, readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { Trouble, wordsOf } from '../../kit/errors.ts'

/** Files below the paths that were named. */
export const filesMax = 100_000
/** Folders below a folder; deeper ones are links in a circle or a mistake. */
const depthMax = 32

/** Half-written files, editors' copies, and whatever hides. */
function isPassing(name: string): boolean {
  return name.startsWith('.') || name.endsWith('~') || /\.(?:tmp|part|partial|swp|filepart)$/i.test(name)
}

export type FoundFile = { readonly path: string; readonly bytes: number }

/** Signs of a glob: a path that has one and does not exist as it is written is one. */
const globSigns = /[*?[\]{}]/

/**
 * The files behind a path: itself, those in a folder and below it, or those a glob means; oldest first, so that lines come in their order.
 * Throws Trouble('file.unreadable') where there is nothing, and Trouble('input.too-large') for too many.
 */
export async function filesOf(named: string): Promise<readonly FoundFile[]> {
  const found: (FoundFile & { readonly mtimeMs: number })[] = []
  try {
    for await (const file of walked(named)) {
      const stats = await stat(file).catch((error: NodeJS.ErrnoException) => {
        // A file of a folder may be gone a moment later; one that a person named may not.
        if (file !== named && error.code === 'ENOENT') return null
        throw error
      })
      if (stats?.isFile() !== true) continue
      if (found.length >= filesMax) throw new Trouble('input.too-large', { path: named, filesMax })
      found.push({ path: path.resolve(file), bytes: stats.size, mtimeMs: stats.mtimeMs })
    }
  } catch (error) {
    if (error instanceof Trouble) throw error
    throw new Trouble('file.unreadable', { file: named, problem: wordsOf(error) }, error)
  }
  return found.sort((a, b) => a.mtimeMs - b.mtimeMs || a.path.localeCompare(b.path))
}

async function* walked(named: string): AsyncGenerator<string> {
  const stats = await stat(named).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' && globSigns.test(named)) return null
    throw error
  })
  // Named by itself, as of `<(command)`: passed over in silence it would read as a file with nothing new.
  if (stats !== null && !stats.isFile() && !stats.isDirectory())
    throw new Trouble('file.unreadable', { file: named, problem: 'this is a pipe or a device; a stream is read as -' })
  if (stats?.isDirectory() === true) yield* below(named, 0)
  else if (stats !== null) yield named
  else {
    for await (const file of glob(named)) if (!isPassing(path.basename(file))) yield file
  }
}

async function* below(folder: string, depth: number): AsyncGenerator<string> {
  if (depth > depthMax) throw new Trouble('input.too-large', { folder, depthMax })
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (isPassing(entry.name)) continue
    const at = path.join(folder, entry.name)
    if (entry.isDirectory()) yield* below(at, depth + 1)
    // A link is followed to a file, never to a folder: that may be a circle.
    else if (entry.isFile() || entry.isSymbolicLink()) yield at
  }
}
