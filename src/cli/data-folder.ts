import { existsSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import type { FolderFile } from '../db/backup.ts'
import { FolderPath } from '../db/backup-format.ts'
import { seenFileName } from '../ledger/key.ts'

/** Settings, keys and connectors are small; what is larger is somebody's mail or a log, and not ours to keep. */
export const fileBytesMax = 1024 * 1024
export const filesMax = 1000

/** Not restored: the database itself, the logs (docs/lake.md says how they are kept), and what only this machine remembers. */
const leftOut = new Set(['postgres', 'lake', seenFileName])

/** The files of a data folder that make the installation: settings, keys, connectors. `passedOver` are named to the person. */
export function filesOf(dataFolder: string): { readonly files: FolderFile[]; readonly passedOver: string[] } {
  const files: FolderFile[] = []
  const passedOver: string[] = []
  const visit = (below: string): void => {
    for (const entry of readdirSync(path.join(dataFolder, below), { withFileTypes: true })) {
      const at = below === '' ? entry.name : `${below}/${entry.name}`
      const file = path.join(dataFolder, at)
      if (leftOut.has(at) || at.endsWith('.part')) continue
      if (entry.isDirectory()) visit(at)
      else if (!entry.isFile()) continue
      else if (files.length >= filesMax || !FolderPath.safeParse(at).success || statSync(file).size > fileBytesMax)
        passedOver.push(at)
      else files.push({ path: at, file })
    }
  }
  if (existsSync(dataFolder)) visit('')
  return { files, passedOver }
}
