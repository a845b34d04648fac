import { readFile, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import { isTrouble } from '../../kit/errors.ts'
import { type Segment, segmentFile } from './segment.ts'

/** So often the engine may refuse a step, for a reason that does not pass, before its lines are stored unread. */
export const refusalsMax = 2
/** So often the engine may end under a step, or say that it costs too much: that may be somebody else's doing. */
export const endsMax = 5
/** Fewer lines than this are never parted: 24 addresses in each are 100,000 observables, which cost 40 MiB. */
const linesMin = 4_000

const Told = z.object({
  /** Digest of the parsers that the attempts used; null: none came that far. */
  reading: z.string().nullable(),
  /** Attempts that read it differently may each have stored lines of it. */
  mixed: z.boolean().default(false),
  /** Lines before this one are stored, and counted in the rollups. */
  from: z.int().default(0),
  /** Lines that are stored at once, where all of them cost more than a load may. */
  most: z.int().nullable().default(null),
  /** An INSERT of the lines up to this one was begun; nobody saw its end. null in it: of all of them. */
  storing: z.object({ to: z.int().nullable() }).nullable().default(null),
  /** Lines of that INSERT, where it ended because they cost too much. */
  costly: z.int().nullable().default(null),
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

  /** `most`: how many lines are stored at once of a segment that nobody tried before. */
  static async of(segment: Segment, most: number | null = null): Promise<Tries> {
    const file = segmentFile(segment.folder, segment.load, 'tries')
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null
      throw error
    })
    const nothing = Told.parse({ reading: null, most, steps: {}, attempts: 0 })
    if (text === null) return new Tries(file, nothing)
    // Cut short by a kill, it says nothing: then lines may be stored already, whoever read them.
    const told = Told.safeParse(parsed(text))
    return new Tries(file, told.success ? told.data : { ...nothing, mixed: true })
  }

  /** Were lines of it perhaps stored by an attempt that read them differently? Its tokens mean nothing now. */
  get isMixed(): boolean {
    return this.#told.mixed
  }

  /** Digest of the parsers of the attempt before. */
  get reading(): string | null {
    return this.#told.reading
  }

  get from(): number {
    return this.#told.from
  }

  get most(): number | null {
    return this.#told.most
  }

  /** The next line after those that are stored next; null: all that are left are. */
  get to(): number | null {
    const { storing, from, most } = this.#told
    if (storing !== null) return storing.to
    return most === null ? null : from + most
  }

  get isStoring(): boolean {
    return this.#told.storing !== null
  }

  /** An INSERT of the next lines begins. */
  async stores(): Promise<void> {
    if (!this.isStoring) await this.#tell({ ...this.#told, storing: { to: this.to } })
  }

  /** It ended well, or nothing of it is stored: then what comes next may be parted in another way. */
  async stored(how: 'well' | 'nothing'): Promise<void> {
    const { from, most, costly } = this.#told
    const rest = { ...this.#told, storing: null, costly: null }
    if (how === 'well') await this.#tell({ ...rest, from: this.to ?? from })
    else await this.#tell({ ...rest, most: costly === null ? most : halved(costly) })
  }

  get attempts(): number {
    return this.#told.attempts
  }

  isHopeless(step: string): boolean {
    return (this.#told.steps[step] ?? 0) >= 1
  }

  /** Lines are about to be stored as these parsers read them. */
  async reads(reading: string): Promise<void> {
    if (this.#told.reading === reading) return
    await this.#tell({ ...this.#told, reading, mixed: this.#told.mixed || this.#told.reading !== null })
  }

  /** Does a step with so many lines, and remembers that it failed when that says something about them. */
  async step<T>(name: string, lines: number, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      const costly = isTrouble(error, 'lake.too-costly') && lines > linesMin ? lines : null
      // That many lines cost too much says nothing against any of them, as long as fewer can be stored at once.
      if (costly !== null && !this.isStoring) {
        await this.#tell({ ...this.#told, most: halved(costly) })
        throw error
      }
      const weight = weightOf(error)
      const steps = { ...this.#told.steps, [name]: (this.#told.steps[name] ?? 0) + weight }
      const attempts = this.#told.attempts + (weight === 0 ? 0 : 1)
      await this.#tell({ ...this.#told, steps, attempts, costly })
      throw error
    }
  }

  async #tell(told: Told): Promise<void> {
    this.#told = told
    await writeFile(this.#file, JSON.stringify(told))
  }
}

const halved = (lines: number): number => Math.max(linesMin, Math.ceil(lines / 2))

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
