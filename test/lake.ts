import { chmod, mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll } from 'vitest'
import { LakeConfig } from '../src/config/config.ts'
import { type Clock, systemClock } from '../src/kit/clock.ts'
import type { Engine } from '../src/lake/engine/engine.ts'
import { openEngine } from '../src/lake/engine/open-engine.ts'
import { type Lake, openLake } from '../src/lake/open.ts'
import { loadLogParsers, loadSignatures } from '../src/lake/parse/parser-files.ts'

export type FreshLake = { readonly engine: Engine; readonly folder: string }

const silent = { info: () => undefined, warn: () => undefined }

/**
 * A real engine of its own in a temporary folder, with the tables of this version; ended and removed after the file's tests. Call it
 * at the top of a file (or in beforeAll): starting one takes about a second, so share it between tests and keep their rows apart by
 * `source`.
 */
export async function freshLake(options: { readonly memoryMaxMiB?: number } = {}): Promise<FreshLake> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'counterfoil-lake-'))
  await chmod(folder, 0o700)
  const engine = openEngine({
    folder,
    clickhouseUrl: null,
    log: silent,
    memoryMaxMiB: options.memoryMaxMiB ?? 1024,
    fsync: false,
  })
  afterAll(async () => {
    await engine.close()
    await rm(folder, { recursive: true, force: true })
  })
  await engine.rows('SELECT 1')
  return { engine, folder }
}

/** A lake with doors, spool and loader, which reads with the parsers that come along; closed and removed after the file's tests. */
export async function freshOpenLake(
  options: { readonly clock?: Clock; readonly reads?: boolean } = {},
): Promise<{ readonly lake: Lake; readonly folder: string }> {
  const { clock = systemClock, reads = true } = options
  const folder = await mkdtemp(path.join(os.tmpdir(), 'counterfoil-open-lake-'))
  const lake = await openLake({
    ...{ folder, clickhouseUrl: null, clock, log: silent, config: LakeConfig.parse({ freeDiskMinMiB: 16 }) },
    ...(reads ? { parsers: await loadLogParsers(), signatures: await loadSignatures() } : { parsers: [] }),
  })
  afterAll(async () => {
    await lake.close()
    await rm(folder, { recursive: true, force: true })
  })
  return { lake, folder }
}
