import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { systemClock } from '../../kit/clock.ts'
import { isTrouble, wordsOf } from '../../kit/errors.ts'
import { walk } from './segment-format.ts'
import { Spool } from './spool.ts'

const disk = mkdtempSync(path.join(os.tmpdir(), 'counterfoil-spool-disk-'))

/** A disk of 8 MiB; only root can have one. */
function mount(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk], { stdio: 'pipe' })
    return true
  } catch (error) {
    process.stderr.write(`The spool is not tried on a full disk: ${wordsOf(error)}\n`)
    return false
  }
}
const isMounted = mount()
afterAll(() => {
  if (isMounted) execFileSync('umount', [disk])
  rmSync(disk, { recursive: true })
})

test.skipIf(!isMounted)(
  'a disk that is full to the last byte: senders hear it, what was acknowledged stays whole, and it goes on once there is room',
  async () => {
    const log = { info: () => undefined, warn: () => undefined }
    const limits = { spoolBytesMax: 1e9, sourceShareMax: 1, freeDiskMinBytes: 0 }
    const spool = await Spool.open(path.join(disk, 'spool'), { clock: systemClock, log, limits })
    writeFileSync(path.join(disk, 'somebody-else'), Buffer.alloc(3 * 1024 * 1024))
    let acknowledged = 0
    let refused = 0
    const take = async (): Promise<void> => {
      const lines = [Buffer.alloc(200_000, 'x'), Buffer.from(`line ${acknowledged}`)]
      try {
        await spool.take({ source: 's', peer: '', position: null, lines })
        acknowledged += 2
      } catch (error) {
        if (!isTrouble(error, 'lake.full')) throw error
        refused++
      }
    }
    while (refused < 5) await take()
    const chunk = { source: 's', peer: '', position: 'p', bytes: Buffer.alloc(2_000_000, 'y\n') }
    await expect(spool.takeChunk(chunk)).rejects.toMatchObject({ code: 'lake.full' })
    expect(acknowledged).toBeGreaterThan(20)
    rmSync(path.join(disk, 'somebody-else'))
    await take()
    await spool.takeChunk(chunk)
    await spool.seal()
    expect(spool.sealed.filter(({ kind }) => kind === 'lines')).toHaveLength(1)
    let there = 0
    for (const { kind, file, bytes } of spool.sealed) {
      if (kind === 'lines') continue
      const walked = await walk(await readFile(file))
      expect(walked.wholeBytes).toBe(bytes)
      there += walked.lines
    }
    expect(there).toBe(acknowledged)
    for (const segment of [...spool.sealed]) await spool.remove(segment)
    expect(spool.bytes).toBe(0)
    await spool.close()
  },
)
