import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { Trouble } from '../../../kit/errors.ts'
import { ListNoun } from '../../../model/list.ts'
import { type Asking, serve } from '../../serve.ts'

/** A list of 100,000 assets with all columns is about 20 MB. */
const listBytesMax = 32 * 1024 * 1024

/** Lists are held in memory while they are read. */
const atOnceMax = 2
let taking = 0

const Mapping = z.record(z.string().max(100), z.string().max(300))

/** One file, the noun, and perhaps a mapping as JSON; fields may come in any order. */
async function uploadOf(request: FastifyRequest) {
  let file: { bytes: Buffer; name: string } | null = null
  const fields: Record<string, string> = {}
  for await (const part of request.parts({ limits: { files: 1, fileSize: listBytesMax, fields: 10 } })) {
    if (part.type === 'file') file = { bytes: await part.toBuffer(), name: part.filename }
    else fields[part.fieldname] = String(part.value)
  }
  const noun = ListNoun.safeParse(fields['noun'])
  if (!noun.success) throw new Trouble('input.invalid', { fields: { noun: 'Say what this is a list of' } })
  if (file === null) throw new Trouble('input.invalid', { fields: { file: 'Choose a CSV or XLSX file' } })
  return {
    noun: noun.data,
    bytes: file.bytes,
    source: file.name.slice(0, 200),
    mapping: mappingOf(fields['mapping']),
    ...namesOf(fields),
  }
}

function namesOf(fields: Readonly<Record<string, string>>) {
  const text = (name: string) => (fields[name] ?? '').trim().slice(0, 100) || undefined
  return {
    mappingName: text('mappingName'),
    saveMappingAs: text('saveMappingAs'),
    list: text('list'),
    zone: text('zone'),
  }
}

function mappingOf(text: string | undefined): z.infer<typeof Mapping> | null {
  if (text === undefined || text === '') return null
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new Trouble('input.invalid', { fields: { mapping: 'This is not JSON' } }, error)
  }
  const mapping = Mapping.safeParse(json)
  if (!mapping.success) throw new Trouble('input.invalid', { fields: { mapping: 'Name a column for each field' } })
  return mapping.data
}

async function take(
  { front, request, actor }: Pick<Asking<'POST /api/imports'>, 'front' | 'request' | 'actor'>,
  dryRun: boolean,
) {
  if (taking >= atOnceMax) throw new Trouble('house.busy', { imports: taking })
  taking++
  try {
    const upload = await uploadOf(request)
    return await front.work.importList({ ...upload, dryRun, by: actor() })
  } finally {
    taking--
  }
}

export const previewList = serve('POST /api/imports/preview', async (asking) => take(asking, true))
export const takeList = serve('POST /api/imports', async (asking) => take(asking, false))
