import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { sha256Hex } from '../../../kit/digest.ts'
import { Trouble } from '../../../kit/errors.ts'
import { append } from '../../../ledger/append.ts'
import { LogWindow } from '../../../model/lake.ts'
import { askerGone } from '../../asker-gone.ts'
import { serve } from '../../serve.ts'

/** 100,000 URLs of 160 characters; the lists that providers publish are a tenth of that. */
const listBytesMax = 16 * 1024 * 1024
/** A hunt reads the whole rollup; two at a time leave the engine to the searches. */
const atOnceMax = 2
let hunting = 0

const Fields = z.object({ from: z.string().max(40).default(''), to: z.string().max(40).default('') })

/** The list is a file, or a field `indicators` that was typed; the time is both of `from` and `to`, or all there is. */
async function askOf(request: FastifyRequest): Promise<{ list: Uint8Array; window: LogWindow | null }> {
  let list: Uint8Array | null = null
  const fields: Record<string, string> = {}
  for await (const part of request.parts({ limits: { files: 1, fileSize: listBytesMax, fields: 5 } })) {
    if (part.type === 'file') list = await part.toBuffer()
    else fields[part.fieldname] = String(part.value)
  }
  if (list === null || list.length === 0)
    throw new Trouble('input.invalid', { fields: { indicators: 'There is no indicator in it' } })
  const { from, to } = Fields.parse(fields)
  if (from === '' && to === '') return { list, window: null }
  const window = LogWindow.safeParse({ from, to })
  if (!window.success || Date.parse(from) >= Date.parse(to))
    throw new Trouble('input.invalid', { fields: { from: 'Name a time that begins before it ends' } })
  return { list, window: window.data }
}

/** The ledger has the digest of the list, not the list: a hunt may follow up a leak that is nobody's business. */
export const huntLogs = serve('POST /api/lake/hunt', async ({ front, request, reply, actor }) => {
  if (hunting >= atOnceMax) throw new Trouble('house.busy', { hunts: hunting })
  hunting++
  try {
    const { list, window } = await askOf(request)
    const line = {
      kind: 'logs.hunted' as const,
      actor: actor(),
      subject: 'logs',
      body: { list: sha256Hex(list), bytes: list.length, window },
    }
    await append(front.db, line, front.clock)
    return await front.logs.hunt(list, window, askerGone(reply))
  } finally {
    hunting--
  }
})
