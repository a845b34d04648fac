import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import { Trouble, wordsOf } from '../kit/errors.ts'

export type OutFile = {
  /** Resolves when there is room again. */
  readonly write: (piece: string | Uint8Array) => Promise<void>
  /** Flushes to the disk and gives the file its name. */
  readonly finish: () => Promise<void>
  /** Takes back what was begun. */
  readonly abandon: () => Promise<void>
}

/** A file that has its name only when it is whole, readable by its owner only; "-" is stdout. Throws Trouble('file.unreadable' | 'disk.full'). */
export function outFile(name: string): OutFile {
  if (name === '-') {
    const write = async (piece: string | Uint8Array): Promise<void> => {
      if (!process.stdout.write(piece)) await once(process.stdout, 'drain')
    }
    return { write, finish: async () => undefined, abandon: async () => undefined }
  }
  const half = `${name}.${process.pid}.part`
  const stream = createWriteStream(half, { mode: 0o600, flags: 'wx', flush: true })
  let broken: unknown
  stream.on('error', (error) => {
    broken = error
  })
  const check = (): void => {
    if (broken === undefined) return
    const isFull = broken instanceof Error && 'code' in broken && broken.code === 'ENOSPC'
    throw new Trouble(isFull ? 'disk.full' : 'file.unreadable', { file: name, problem: wordsOf(broken) }, broken)
  }
  return {
    write: async (piece) => {
      check()
      if (stream.write(piece)) return
      // `once` rejects on 'error', which `check` tells better.
      await once(stream, 'drain').catch(() => check())
    },
    finish: async () => {
      check()
      stream.end()
      await finished(stream).catch(() => check())
      await rename(half, name)
    },
    abandon: async () => {
      stream.destroy()
      await rm(half, { force: true })
    },
  }
}
