import { createReadStream } from 'node:fs'
import { open, readFile, stat } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { type FeedNews, putCveFacts, putEpss, putKev, putVex } from '../db/cves.ts'
import type { Db } from '../db/open.ts'
import { countOpen } from '../db/vulnerability-count.ts'
import type { Clock } from '../kit/clock.ts'
import { isTrouble, Trouble, wordsOf } from '../kit/errors.ts'
import { jsonObjectCutter } from '../kit/json-objects.ts'
import type { CveFacts, Feed } from '../model/vulnerability.ts'
import { readCsaf } from '../parsers/advisory/csaf.ts'
import { readEpss } from '../parsers/advisory/epss.ts'
import { readKev } from '../parsers/advisory/kev.ts'
import { readCveRecord } from '../parsers/advisory/vulnrichment.ts'
import { loadDecisionTable } from './decision-table.ts'

/** The catalogue has 1.3 MB with 1,400 entries; advisories of distributions reach some ten MB. */
const documentBytesMax = 64 * 1024 * 1024
/** The largest CVE record has some hundred KB. */
const recordCharsMax = 8 * 1024 * 1024

type FeedImport = {
  readonly feed: Feed
  /** Files with the knowledge, in whatever order; gzip is unpacked. */
  readonly files: readonly string[]
  readonly by: string
  readonly clock: Clock
  readonly onFile?: (done: number) => void
}

/** What came in, and which files could not be taken and why: one bad advisory of a thousand keeps nobody from the others. */
export type FeedImported = {
  readonly news: readonly FeedNews[]
  readonly refused: readonly { readonly file: string; readonly problem: string }[]
}

/** Imports knowledge about vulnerabilities and counts anew what is due when. Throws Trouble where a single file is none of this kind. */
export async function importFeed(db: Db, { feed, files, by, clock, onFile }: FeedImport): Promise<FeedImported> {
  const table = await loadDecisionTable()
  const refused: { file: string; problem: string }[] = []
  const news: FeedNews[] = []
  if (feed === 'vulnrichment') {
    news.push(await putCveFacts(db, factsOf(files, refused, onFile), by, clock))
    if (news[0]?.rows === 0)
      throw new Trouble('file.invalid', { problem: 'none of the files is a CVE record with state PUBLISHED' })
  } else {
    for (const [done, file] of files.entries()) {
      try {
        news.push(await takeFile(db, feed, file, by, clock))
      } catch (error) {
        if (!isTrouble(error) || files.length === 1) throw error
        refused.push({ file, problem: String(error.details['problem'] ?? error.code) })
      }
      onFile?.(done + 1)
    }
  }
  await countOpen(db, table, clock)
  return { news, refused }
}

async function takeFile(
  db: Db,
  feed: Exclude<Feed, 'vulnrichment'>,
  file: string,
  by: string,
  clock: Clock,
): Promise<FeedNews> {
  switch (feed) {
    case 'kev':
      return putKev(db, readKev(await textOf(file)), by, clock)
    case 'csaf':
      return putVex(db, readCsaf(await textOf(file)), by, clock)
    case 'epss':
      return putEpss(db, await readEpss(piecesOf(file)), by, clock)
  }
}

async function textOf(file: string): Promise<string> {
  try {
    const { size } = await stat(file)
    if (size > documentBytesMax) throw new Trouble('input.too-large', { file, bytes: size, most: documentBytesMax })
    return await readFile(file, 'utf8')
  } catch (error) {
    throw isTrouble(error) ? error : new Trouble('file.unreadable', { file, problem: wordsOf(error) }, error)
  }
}

async function* piecesOf(file: string): AsyncGenerator<string> {
  try {
    const handle = await open(file)
    const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0)
    await handle.close()
    const isGzip = buffer[0] === 0x1f && buffer[1] === 0x8b
    const bytes = createReadStream(file)
    const decoder = new TextDecoder('utf-8')
    for await (const piece of isGzip ? bytes.pipe(createGunzip()) : bytes)
      yield decoder.decode(piece as Uint8Array, { stream: true })
    yield decoder.decode()
  } catch (error) {
    throw isTrouble(error) ? error : new Trouble('file.unreadable', { file, problem: wordsOf(error) }, error)
  }
}

async function* factsOf(
  files: readonly string[],
  refused: { file: string; problem: string }[],
  onFile: ((done: number) => void) | undefined,
): AsyncGenerator<CveFacts> {
  for (const [done, file] of files.entries()) {
    const cutter = jsonObjectCutter({ depth: 1, charsMax: recordCharsMax })
    let records = 0
    try {
      for await (const piece of piecesOf(file)) {
        for (const object of cutter.write(piece)) {
          const facts = readCveRecord(object)
          if (facts === null) continue
          records += 1
          yield facts
        }
      }
      cutter.end()
      if (records === 0) refused.push({ file, problem: 'no CVE record with state PUBLISHED' })
    } catch (error) {
      if (!isTrouble(error)) throw error
      refused.push({ file, problem: String(error.details['problem'] ?? error.code) })
    }
    onFile?.(done + 1)
  }
}
