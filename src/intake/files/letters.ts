import { createReadStream } from 'node:fs'
import { open, opendir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { Trouble, wordsOf } from '../../kit/errors.ts'
import { mailBytesMax } from '../../model/message.ts'
import { splitMbox } from './mbox.ts'

/** Folders inside folders; a mail archive has five or six. */
const depthMax = 40
/** Bytes by which a file is told. */
const sniffBytes = 512
const chunkBytes = 1024 * 1024

/** A mail from a file. `name` is its path, with "#12" behind for the twelfth of an mbox. */
export type FileLetter = { readonly name: string; readonly bytes: Uint8Array; readonly form: 'eml' | 'msg' }

/** What stands here and cannot be read, by name and reason. */
export type Unreadable = (name: string, why: string) => void

type Kind = 'eml' | 'msg' | 'mbox' | 'emlx' | 'other'

const compoundFile = Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1])

/** Told by the first bytes, for names lie: an Outlook .msg is a compound file, while others call any mail "x.msg". */
function kindOf(file: string, head: Buffer, isAsked: boolean): Kind {
  const extension = path.extname(file).toLowerCase()
  if (head.subarray(0, 8).equals(compoundFile)) return extension === '.msg' || isAsked ? 'msg' : 'other'
  const text = head.toString('latin1')
  if (extension === '.emlx') return 'emlx'
  if (/^From \S/.test(text)) return 'mbox'
  if (['.eml', '.msg', '.mbox', '.mbx', '.mht'].includes(extension))
    return extension === '.mbox' || extension === '.mbx' ? 'mbox' : 'eml'
  const parent = path.basename(path.dirname(file))
  const inMaildir = parent === 'cur' || parent === 'new'
  // Thunderbird's mailboxes and Maildir mails have no extension of their own; a header line tells them from anything else.
  const hasHeader = /^[!-9;-~]{1,80}:[ \t]?/.test(text)
  if (isAsked || inMaildir) return 'eml'
  return extension === '' && hasHeader ? 'eml' : 'other'
}

async function headOf(file: string): Promise<Buffer> {
  const handle = await open(file, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(sniffBytes), 0, sniffBytes, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

/** Apple Mail: a line with the length, the mail, then a property list. */
function insideEmlx(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0x0a)
  const length = Number(bytes.toString('latin1', 0, Math.max(0, end)).trim())
  return Number.isInteger(length) && length > 0 && end > 0 ? bytes.subarray(end + 1, end + 1 + length) : bytes
}

async function* lettersOfFile(file: string, isAsked: boolean, unreadable: Unreadable): AsyncGenerator<FileLetter> {
  const kind = kindOf(file, await headOf(file), isAsked)
  if (kind === 'other') return
  if (kind === 'mbox') {
    for await (const member of splitMbox(createReadStream(file, { highWaterMark: chunkBytes }), mailBytesMax)) {
      const name = `${file}#${member.number}`
      if (member.bytes === null)
        unreadable(name, `it is ${Math.ceil(member.sizeBytes / 1024 / 1024)} MB, larger than 25 MB`)
      else yield { name, bytes: member.bytes, form: 'eml' }
    }
    return
  }
  const { size } = await stat(file)
  if (size > mailBytesMax) {
    unreadable(file, `it is ${Math.ceil(size / 1024 / 1024)} MB, larger than 25 MB`)
    return
  }
  const bytes = await readFile(file)
  yield { name: file, bytes: kind === 'emlx' ? insideEmlx(bytes) : bytes, form: kind === 'msg' ? 'msg' : 'eml' }
}

/** Files below a folder, by name; links are not followed (they can go round), a Maildir's tmp is left out. */
async function* filesBelow(folder: string, depth: number, unreadable: Unreadable): AsyncGenerator<string> {
  if (depth > depthMax) {
    unreadable(folder, `it is nested deeper than ${depthMax} folders`)
    return
  }
  const names: { name: string; isFolder: boolean }[] = []
  for await (const entry of await opendir(folder))
    if (entry.isDirectory() || entry.isFile()) names.push({ name: entry.name, isFolder: entry.isDirectory() })
  names.sort((a, b) => (a.name < b.name ? -1 : 1))
  const isMaildir = names.some((entry) => entry.isFolder && entry.name === 'cur')
  for (const { name, isFolder } of names) {
    const full = path.join(folder, name)
    if (!isFolder) {
      if (!name.startsWith('.')) yield full
    } else if (!(isMaildir && name === 'tmp')) {
      try {
        yield* filesBelow(full, depth + 1, unreadable)
      } catch (error) {
        unreadable(full, wordsOf(error))
      }
    }
  }
}

/**
 * Every mail in these files and folders, in the order of their names, one at a time: .eml, Outlook .msg, .emlx, mbox, Maildir.
 * Throws Trouble('file.unreadable') for a path that is not there. What cannot be read inside is told to `unreadable`; other kinds of
 * files in a folder are no mail and are passed over. Archives are not unpacked.
 */
export async function* lettersOf(paths: readonly string[], unreadable: Unreadable): AsyncGenerator<FileLetter> {
  for (const asked of paths) {
    let isFolder: boolean
    try {
      isFolder = (await stat(asked)).isDirectory()
    } catch (error) {
      throw new Trouble('file.unreadable', { file: asked }, error)
    }
    const files = isFolder ? filesBelow(asked, 0, unreadable) : [asked]
    for await (const file of files) {
      try {
        yield* lettersOfFile(file, !isFolder, unreadable)
      } catch (error) {
        unreadable(file, wordsOf(error))
      }
    }
  }
}
