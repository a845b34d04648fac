import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { FastifyRequest } from 'fastify'
import { Trouble } from '../../../kit/errors.ts'
import { xrayHtml } from '../../../measure/xray-html.ts'
import { xrayStory } from '../../../measure/xray-story.ts'
import { serve } from '../../serve.ts'

/** Ten years of a busy provider; the reader takes 10,000 mails in under a minute. */
const filesMax = 50_000
const bytesMax = 2 * 1024 * 1024 * 1024
/** Deeper than any mailbox folder we have seen. */
const depthMax = 8
/** Each X-ray keeps a core busy; two people at once are enough. */
const atOnceMax = 2

let running = 0

/**
 * A path that stays inside our temporary folder: the browser's own, each piece reduced to harmless characters. The number
 * keeps two files of one name apart and the order as it came; the ending stays, since the reader goes by it.
 */
export function safePath(name: string, index: number): string {
  const pieces = name
    .split(/[\\/]+/)
    .map((piece) =>
      piece
        .replace(/[^\w.,:=@+-]+/g, '_')
        .replace(/^\.+/, '_')
        .slice(-120),
    )
    .filter((piece) => piece !== '')
    .slice(-depthMax)
  const file = pieces.pop() ?? 'unnamed'
  return path.join(...pieces, `${String(index).padStart(6, '0')}-${file}`)
}

async function keep(request: FastifyRequest, folder: string): Promise<{ files: number; bytes: number }> {
  let files = 0
  let bytes = 0
  for await (const part of request.files({ limits: { files: filesMax } })) {
    const target = path.join(folder, safePath(part.filename, files))
    await mkdir(path.dirname(target), { recursive: true })
    const counted = async function* (source: AsyncIterable<Buffer>) {
      for await (const chunk of source) {
        bytes += chunk.length
        if (bytes > bytesMax) throw new Trouble('input.too-large', { bytesMax })
        yield chunk
      }
    }
    await pipeline(part.file, counted, createWriteStream(target, { mode: 0o600 }))
    if (part.file.truncated) throw new Trouble('input.too-large', { file: files })
    files += 1
  }
  return { files, bytes }
}

/** The files stay in a folder of their own for as long as they are read, and nothing of them is kept. */
export const runXray = serve('POST /api/xray', async ({ front, request }) => {
  if (running >= atOnceMax) throw new Trouble('rate.limited')
  running += 1
  const folder = await mkdtemp(path.join(tmpdir(), 'counterfoil-xray-'))
  try {
    const { files, bytes } = await keep(request, folder)
    if (files === 0) throw new Trouble('input.invalid', { fields: { files: 'There was no file in it' } })
    const xray = await front.work.xray(folder)
    return { xray, story: xrayStory(xray), html: xrayHtml(xray), files, bytes }
  } finally {
    running -= 1
    await rm(folder, { recursive: true, force: true })
  }
})
