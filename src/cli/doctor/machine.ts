import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { isAlive, type PidStamp } from '../../kit/process-lock.ts'
import { keyFileName } from '../../ledger/key.ts'
import { reservedBytes } from '../../main/room.ts'
import { clusterFolder } from '../open-house.ts'
import { broken, type Check, notApplicable, ok, warn } from './check.ts'

export const nodeMajorMin = 24
/** Below this PostgreSQL and the mail door stop taking anything soon. */
export const freeBytesMin = 200 * 1024 * 1024
/** A week of mail of a busy provider. */
export const freeBytesLow = 2 * 1024 * 1024 * 1024

export function judgeNode(version: string): Check {
  const major = Number(version.split('.', 1)[0])
  if (major >= nodeMajorMin) return ok('node', `Node ${version}`)
  return broken(
    'node',
    `Node ${version} is too old; ${nodeMajorMin} or newer is needed`,
    'Start with `npm start` or bin/counterfoil.mjs: they bring a newer Node along.',
  )
}

/** Files that hold secrets: nobody but their owner may read them. */
const secretFiles = [keyFileName, 'seal.key', 'counterfoil.yaml', 'postgres/passwords.json']

export function lookAtFolder(dataFolder: string, hasDatabaseUrl: boolean): Check[] {
  if (!existsSync(dataFolder)) {
    if (hasDatabaseUrl)
      return [
        warn(
          'data-folder',
          `${dataFolder} is not there yet`,
          'It is made at the first start; on a second node copy ledger.key and seal.key there first.',
        ),
      ]
    return [
      broken(
        'data-folder',
        `there is no data folder at ${dataFolder}`,
        'Name it with COUNTERFOIL_DATA, or begin with `counterfoil start`.',
      ),
    ]
  }
  try {
    accessSync(dataFolder, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch {
    return [
      broken(
        'data-folder',
        `${dataFolder} cannot be written by this user`,
        `Run it as the owner of the folder, or: chown -R "$(whoami)" ${dataFolder}`,
      ),
    ]
  }
  const open = secretFiles.filter((name) => {
    const found = statSync(path.join(dataFolder, name), { throwIfNoEntry: false })
    return (
      found !== undefined &&
      (found.mode & 0o077) !== 0 &&
      !(name === 'counterfoil.yaml' && !holdsSecret(path.join(dataFolder, name)))
    )
  })
  if (open.length === 0) return [ok('data-folder', dataFolder)]
  const files = open.map((name) => path.join(dataFolder, name)).join(' ')
  return [broken('data-folder', `others can read secrets: ${open.join(', ')}`, `chmod 600 ${files}`)]
}

/** Settings may be read by all, as long as no password stands in them. */
function holdsSecret(file: string): boolean {
  return /^\s*-?\s*(password|secret|token)\s*:\s*\S/im.test(readFileSync(file, 'utf8'))
}

export function judgeDisk(free: number, total: number, where: string): Check {
  const says = `${(free / 1024 ** 3).toFixed(1)} GiB free of ${(total / 1024 ** 3).toFixed(1)} at ${where}`
  if (free < freeBytesMin)
    return broken(
      'disk',
      says,
      `Free some space now: below ${reservedBytes / 1024 ** 2} MiB mail is refused with 4xx (so nothing is lost) until there is room.`,
    )
  if (free < freeBytesLow) return warn('disk', says, 'Free some space, or move the data folder to a larger disk.')
  return ok('disk', says)
}

export function lookAtDisk(dataFolder: string): Check {
  let at = existsSync(clusterFolder(dataFolder)) ? clusterFolder(dataFolder) : dataFolder
  while (!existsSync(at)) at = path.dirname(at)
  const found = statfsSync(at)
  return judgeDisk(found.bavail * found.bsize, found.blocks * found.bsize, at)
}

/** An embedded PostgreSQL whose starter is gone. Looked at before the database is opened, because opening it takes it over. */
export function lookAtPostmaster(dataFolder: string): Check {
  const folder = clusterFolder(dataFolder)
  const pidFile = path.join(folder, 'data', 'postmaster.pid')
  if (!existsSync(path.join(folder, 'data'))) return notApplicable('postmaster', 'there is no embedded database here')
  if (!existsSync(pidFile)) return ok('postmaster', 'PostgreSQL is stopped')
  const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10)
  if (!isAlive(pid))
    return warn(
      'postmaster',
      `PostgreSQL ended without stopping (pid ${pid} is gone)`,
      'Nothing to do: it recovers at the next start, and has done so by now.',
    )
  const owner = ownerOf(folder)
  if (owner !== null && isAlive(owner.pid, owner.startedAt))
    return ok('postmaster', `PostgreSQL runs (pid ${pid}), started by process ${owner.pid}`)
  return warn(
    'postmaster',
    `PostgreSQL (pid ${pid}) was left running by a process that is gone`,
    'Nothing to do: the next start takes it over.',
  )
}

function ownerOf(folder: string): PidStamp | null {
  const file = path.join(folder, 'owner.json')
  // Written on a full disk it is empty.
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  return text === '' ? null : (JSON.parse(text) as PidStamp)
}

export type PortUse = 'free' | 'taken' | 'not-allowed' | 'no-such-address'

/** Tries to listen, and stops at once. */
export function lookAtPort(host: string, port: number): Promise<PortUse> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve('taken')
      else if (error.code === 'EACCES') resolve('not-allowed')
      else if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') resolve('no-such-address')
      else reject(error)
    })
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve('free')))
  })
}

/** `serverHere`: a server of ours runs on this machine, so a taken port is its own. */
export function judgePort(
  name: string,
  setting: string,
  place: { readonly host: string; readonly port: number },
  use: PortUse,
  serverHere: boolean,
): Check {
  const at = `${place.host}:${place.port}`
  switch (use) {
    case 'free':
      return serverHere
        ? broken(
            name,
            `a server runs on this machine but does not listen on ${at}`,
            `Restart it, or look whether ${setting} was changed since it started.`,
          )
        : ok(name, `${at} is free`)
    case 'taken':
      return serverHere
        ? ok(name, `${at} is held, and a server of ours runs here`)
        : broken(
            name,
            `another program listens on ${at}`,
            `Stop it (ss -ltnp shows it), or change ${setting} in counterfoil.yaml.`,
          )
    case 'not-allowed':
      return broken(
        name,
        `this user may not listen on ${at}`,
        `Choose a port above 1023 in ${setting}, or put a proxy in front.`,
      )
    case 'no-such-address':
      return broken(name, `this machine has no address ${place.host}`, `Mend ${setting} in counterfoil.yaml.`)
  }
}
