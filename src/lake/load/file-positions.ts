import { createHash, randomInt } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { FilePosition, type FilePositions } from '../../model/log-file.ts'

/** Files that are remembered; the longest unseen are forgotten first. At 1 KiB each these are 100 MiB of disk. */
export const filePositionsMax = 100_000
/** Read at the same time when a lake is opened. */
const readsAtOnceMax = 32

const keyOf = ({ source, device, inode }: Pick<FilePosition, 'source' | 'device' | 'inode'>): string =>
  createHash('sha256').update(`${source}\0${device}\0${inode}`).digest('hex').slice(0, 32)

/**
 * Positions in files that logs are read from: one small file each, shared by all processes of this lake. Not synced: after a power cut a
 * position may be older than what was stored, and lines are then stored twice rather than lost.
 */
export async function openFilePositions(folder: string): Promise<FilePositions> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const known = new Map<string, FilePosition>()
  const byFolder = new Map<string, Set<string>>()
  const put = (key: string, position: FilePosition): void => {
    const before = known.get(key)
    if (before !== undefined) byFolder.get(path.dirname(before.path))?.delete(key)
    known.set(key, position)
    const at = path.dirname(position.path)
    byFolder.set(at, (byFolder.get(at) ?? new Set()).add(key))
  }
  const names = (await readdir(folder)).filter((name) => /^[0-9a-f]{32}\.json$/.test(name))
  await Promise.all(
    Array.from({ length: readsAtOnceMax }, async () => {
      for (let name = names.pop(); name !== undefined; name = names.pop()) {
        const position = positionIn(await readFile(path.join(folder, name), 'utf8').catch(orEmpty))
        if (position !== null) put(keyOf(position), position)
      }
    }),
  )
  const tooMany = [...known].sort(([, a], [, b]) => b.seen.localeCompare(a.seen)).slice(filePositionsMax)
  for (const [key] of tooMany) {
    known.delete(key)
    await rm(path.join(folder, `${key}.json`), { force: true })
  }
  return {
    of: (file) => known.get(keyOf(file)) ?? null,
    inFolder: (source, at) =>
      [...(byFolder.get(at) ?? [])].flatMap((key) => {
        const position = known.get(key)
        return position?.source === source ? [position] : []
      }),
    set: async (position) => {
      const key = keyOf(position)
      const file = path.join(folder, `${key}.json`)
      const half = `${file}.${process.pid}-${randomInt(2 ** 32)}.part`
      await writeFile(half, JSON.stringify(position), { mode: 0o600 })
      await rename(half, file)
      put(key, position)
    },
  }
}

/** null: cut short by a power cut, or none of ours. The file is then read from its beginning. */
function positionIn(text: string): FilePosition | null {
  try {
    const read = FilePosition.safeParse(JSON.parse(text))
    return read.success ? read.data : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

function orEmpty(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return ''
  throw error
}
