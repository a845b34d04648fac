import { chmod, mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll } from 'vitest'
import type { Engine } from '../src/lake/engine/engine.ts'
import { openEngine } from '../src/lake/engine/open-engine.ts'

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
