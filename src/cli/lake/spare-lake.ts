import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { LakeConfig } from '../../config/config.ts'
import type { Clock } from '../../kit/clock.ts'
import { type Lake, openLake } from '../../lake/open.ts'
import { loadSignatures } from '../../lake/parse/parser-files.ts'
import type { LogParser } from '../../model/log-parser.ts'

/** A lake of its own in a temporary folder, with these parsers: to try things in. It is thrown away when `work` is done, or throws. */
export async function withSpareLake<T>(
  parsers: readonly LogParser[],
  clock: Clock,
  work: (lake: Lake) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'counterfoil-spare-'))
  try {
    const lake = await openLake({
      ...{ folder, clickhouseUrl: null, parsers, signatures: await loadSignatures() },
      config: LakeConfig.parse({}),
      clock,
      log: { info: () => undefined, warn: (_details, text) => void process.stderr.write(`counterfoil: ${text}\n`) },
      sourceShareMax: 1,
    })
    try {
      return await work(lake)
    } finally {
      await lake.close()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
