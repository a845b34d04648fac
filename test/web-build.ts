import { execFile } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { withFolderLock } from '../src/kit/process-lock.ts'

const root = path.resolve(import.meta.dirname, '..')
const web = path.join(root, 'web')
/** Measured 3 to 6 s on two busy cores. */
const buildMsMax = 120_000

/** When the newest of the files below was written. */
function newestIn(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return Math.max(...files.map((file) => statSync(path.join(file.parentPath, file.name)).mtimeMs))
}

function isFresh(): boolean {
  const page = path.join(web, 'dist', 'index.html')
  if (!existsSync(page)) return false
  const sources = Math.max(
    newestIn(path.join(web, 'src')),
    newestIn(path.join(web, 'public')),
    statSync(path.join(web, 'index.html')).mtimeMs,
  )
  return statSync(page).mtimeMs > sources
}

/** Builds the pages where they are not built from what is there now; of several test processes one builds and the others wait. */
export async function ensureWebApp(): Promise<void> {
  if (isFresh()) return
  const lock = path.join(root, 'node_modules', '.cache', 'counterfoil-web-build')
  await mkdir(path.dirname(lock), { recursive: true })
  await withFolderLock(lock, async () => {
    if (isFresh()) return
    process.stderr.write('building the web pages (some seconds)\n')
    const vite = path.join(root, 'node_modules', 'vite', 'bin', 'vite.js')
    await promisify(execFile)(process.execPath, [vite, 'build', web], { cwd: root, timeout: buildMsMax })
  })
}
