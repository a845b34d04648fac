import { readFile, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import { isTrouble } from '../../kit/errors.ts'
import { type Segment, segmentFile } from './segment.ts'

/** So often the engine may refuse a step, for a reason that does not pass, before its lines are stored unread. */
export const refusalsMax = 2
/** So often the engine may end under a step, or say that it costs too much: that may be somebody else's doing. */
export const endsMax = 5

const Told = z.object({
  /** Digest of the parsers that the attempts used; null: none came that far. */
  reading: z.string().nullable(),
  /** Points of each step: a refusal and an end weigh so that the bounds above are 1. */
  steps: z.record(z.string(), z.number()),
  attempts: z.int(),
})
type Told = z.infer<typeof Told>

/** What is known of earlier attempts to load a segment, by whichever process: on disk, so that a segment that kills the engine is found out. */
export class Tries {
  readonly #file: string
  #told: Told

  private constructor(file: string, told: Told) {
    this.#file = file
    this.#told = told
  }

  static async of(segment: Segment): Promise<Tries> {
    const file = segmentFile(segment.folder, segment.load, 'tries')
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null
      throw error
    })
    // Cut short by a kill, it says nothing: then nothing is known, which costs a few attempts more.
    const told = text === null ? null : Told.safeParse(parsed(text))
    return new Tries(file, told?.success === true ? told.data : { reading: null, steps: {}, attempts: 0 })
  }

  get reading(): string | null {
    return this.#told.reading
  }

  get attempts(): number {
    return this.#told.attempts
  }

  isHopeless(step: string): boolean {
    return (this.#told.steps[step] ?? 0) >= 1
  }

  /** Lines are about to be stored as these parsers read them. */
  async reads(reading: string): Promise<void> {
    if (this.#told.reading !== reading) await this.#tell({ ...this.#told, reading })
  }

  /** Does a step, and remembers that it failed when that says something about the lines in it. */
  async step<T>(name: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      const weight = weightOf(error)
      const steps = { ...this.#told.steps, [name]: (this.#told.steps[name] ?? 0) + weight }
      await this.#tell({ ...this.#told, steps, attempts: this.#told.attempts + (weight === 0 ? 0 : 1) })
      throw error
    }
  }

  async #tell(told: Told): Promise<void> {
    this.#told = told
    await writeFile(this.#file, JSON.stringify(told))
  }
}

function weightOf(error: unknown): number {
  if (isTrouble(error, 'disk.full', 'lake.full', 'lake.occupied')) return 0
  return 1 / (isTrouble(error, 'lake.unreachable', 'lake.too-costly') ? endsMax : refusalsMax)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
