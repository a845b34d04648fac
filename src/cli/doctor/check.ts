import { isTrouble, troubles, wordsOf } from '../../kit/errors.ts'

/** `not-applicable`: there is nothing to look at. What could not be looked at is never `ok`. */
export type CheckState = 'ok' | 'warn' | 'broken' | 'not-applicable'

/** One thing that was looked at. `mend` says what to do, for warn and broken; else it is empty. */
export type Check = { readonly name: string; readonly state: CheckState; readonly says: string; readonly mend: string }

export const ok = (name: string, says: string): Check => ({ name, state: 'ok', says, mend: '' })
export const warn = (name: string, says: string, mend: string): Check => ({ name, state: 'warn', says, mend })
export const broken = (name: string, says: string, mend: string): Check => ({ name, state: 'broken', says, mend })
export const notApplicable = (name: string, says: string): Check => ({ name, state: 'not-applicable', says, mend: '' })

/** A thing to look at. Whatever a look throws becomes a broken check of its name: a doctor that falls over helps nobody. */
export type Look = {
  readonly name: string
  readonly look: () => Check | readonly Check[] | Promise<Check | readonly Check[]>
}

/** Longest time for one look: a mail server that does not answer takes 20 s to say so. */
export const lookMsMax = 45_000

export async function runLook({ name, look }: Look): Promise<readonly Check[]> {
  const late = Promise.withResolvers<Check>()
  const timer = setTimeout(
    () =>
      late.resolve(
        broken(
          name,
          `this took longer than ${lookMsMax / 1000} s`,
          'Run it again; if it stays, look at what it names.',
        ),
      ),
    lookMsMax,
  )
  try {
    return [await Promise.race([look(), late.promise])].flat()
  } catch (error) {
    return [ofError(name, error)]
  } finally {
    clearTimeout(timer)
  }
}

/** What was thrown, as a check: a Trouble says itself what to do next. */
export function ofError(name: string, error: unknown): Check {
  if (!isTrouble(error))
    return broken(name, `could not be looked at: ${wordsOf(error)}`, 'Report this with the text above.')
  const details = Object.values(error.details)
    .map(String)
    .filter((text) => text !== '')
  return broken(name, [troubles[error.code].says, ...details].join(' '), troubles[error.code].next)
}

/** "3 h", "12 days": the largest unit that fits. */
export function duration(ms: number): string {
  const units = [
    ['days', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
  ] as const
  const [unit, size] = units.find(([, size]) => ms >= 2 * size) ?? (['s', 1000] as const)
  return `${Math.floor(ms / size)} ${unit}`
}
