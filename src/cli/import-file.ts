import { createReadStream, statSync } from 'node:fs'
import { InvalidArgumentError } from 'commander'
import { isTrouble, Trouble, wordsOf } from '../kit/errors.ts'

/** A date of the command line: 2026-11-01, with or without a time. */
export function readDate(text: string): Date {
  const date = new Date(text)
  if (!/^\d{4}-\d{2}-\d{2}/.test(text) || Number.isNaN(date.getTime()))
    throw new InvalidArgumentError('write a date as 2026-11-01')
  return date
}

/** A file that is imported, and how large it is; "-" is stdin. */
export function openInput(file: string): {
  stream: NodeJS.ReadStream | ReturnType<typeof createReadStream>
  sizeBytes: number | null
} {
  if (file === '-') return { stream: process.stdin, sizeBytes: null }
  try {
    const found = statSync(file)
    if (!found.isFile()) throw new Trouble('file.unreadable', { file, problem: 'it is no file' })
    return { stream: createReadStream(file), sizeBytes: found.size }
  } catch (error) {
    throw isTrouble(error) ? error : unreadable(file, error)
  }
}

export function unreadable(file: string, error: unknown): Trouble {
  return new Trouble('file.unreadable', { file, problem: wordsOf(error) }, error)
}
