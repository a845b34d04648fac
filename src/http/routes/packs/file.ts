import { PackFileName, packFile } from '../../../db/context-packs.ts'
import { append } from '../../../ledger/append.ts'
import { known, serve } from '../../serve.ts'

const types: Readonly<Record<PackFileName, string>> = {
  'pack.json': 'application/json',
  'assets.csv': 'text/csv; charset=utf-8',
  'vulnerabilities.csv': 'text/csv; charset=utf-8',
  'changes.csv': 'text/csv; charset=utf-8',
  'signature.txt': 'text/plain; charset=utf-8',
}

export const fileOfPack = serve('GET /api/packs/:id/:version/:file', async ({ front, params, reply, actor }) => {
  const name = known(PackFileName.safeParse(params.file).data)
  const bytes = known(await packFile(front.db, params.id, params.version, name))
  const body = { version: params.version, file: name }
  await append(front.db, { kind: 'pack.downloaded', actor: actor(), subject: `pack:${params.id}`, body }, front.clock)
  return reply
    .type(types[name])
    .header('content-disposition', `attachment; filename="${params.id}-v${params.version}-${name}"`)
    .send(bytes)
})
