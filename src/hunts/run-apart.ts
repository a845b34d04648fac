import { isTrouble } from '../kit/errors.ts'
import type { Rule } from '../lake/sigma/compile.ts'
import type { SigmaRun } from '../lake/sigma/run.ts'

/**
 * Runs rules together, and where that costs more than a statement may, in halves: one rule that nobody can afford is found and named as one
 * that could not look, and the others look all the same. At most twice as many runs as there are rules. Throws what else `run` throws.
 */
export async function runApart(
  rules: readonly Rule[],
  run: (rules: readonly Rule[]) => Promise<SigmaRun>,
): Promise<SigmaRun> {
  try {
    return await run(rules)
  } catch (error) {
    if (!isTrouble(error, 'lake.too-costly')) throw error
    // Rules that only a correlation wants come with it; by themselves they are not run.
    const wanted = rules.filter((rule) => !rule.onlyCorrelated)
    if (wanted.length <= 1) return stopped(wanted, String(error.details['reason'] ?? 'cost'))
    const middle = Math.ceil(wanted.length / 2)
    const first = await runApart(wanted.slice(0, middle), run)
    const second = await runApart(wanted.slice(middle), run)
    return {
      hits: [...first.hits, ...second.hits],
      notRun: [...first.notRun, ...second.notRun],
      eventsInWindow: Math.max(first.eventsInWindow, second.eventsInWindow),
      candidates: first.candidates + second.candidates,
    }
  }
}

function stopped(rules: readonly Rule[], reason: string): SigmaRun {
  const why = `stopped: it would have used more than one query may (${reason})`
  return { hits: [], notRun: rules.map(({ rule }) => ({ rule, why })), eventsInWindow: 0, candidates: 0 }
}
