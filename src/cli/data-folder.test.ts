import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { filesOf } from './data-folder.ts'

test('a backup takes settings and keys, neither the database nor the logs', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'counterfoil-data-'))
  try {
    for (const file of [
      'counterfoil.yaml',
      'connectors/one.yaml',
      'postgres/PG_VERSION',
      'lake/engine.json',
      'lake/store/a',
    ]) {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
      writeFileSync(path.join(folder, file), 'x')
    }
    const { files, passedOver } = filesOf(folder)
    expect(files.map((file) => file.path).sort()).toEqual(['connectors/one.yaml', 'counterfoil.yaml'])
    expect(passedOver).toEqual([])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
