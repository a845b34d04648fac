import path from 'node:path'
import { type CompileOptions, compileRules, type RuleSet } from './compile.ts'
import { readRuleFiles, ruleFiles } from './read.ts'

/** Rules that come along. */
export const ownRules = path.join(import.meta.dirname, '..', '..', '..', 'content', 'detections')

/**
 * All rules, correlations and filters of these files and folders, compiled. What cannot be read or compiled is in `failed`; throws
 * Trouble('file.unreadable') only for a path that is not there at all. `onFile` hears how many of how many files were read.
 */
export async function loadRules(
  paths: readonly string[],
  options: CompileOptions & { readonly onFile?: (done: number, of: number) => void } = {},
): Promise<RuleSet> {
  const files = await ruleFiles(paths)
  const { documents, faults } = await readRuleFiles(files, (done) => options.onFile?.(done, files.length))
  return compileRules(documents, faults, options)
}
