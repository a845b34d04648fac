import { Trouble } from '../../kit/errors.ts'
import { type Issue, readYamlDocument } from '../../kit/yaml-document.ts'
import { ReaderDescription } from '../../model/reader.ts'
import type { Library } from '../library.ts'
import { validatePlaybook } from '../load.ts'
import type { Candidate } from './backtest-job.ts'

/** A reader is taught by a person; those that come along have 5 KB. */
const readerCharsMax = 200_000

/** A playbook or reader out of its YAML text. Throws Trouble('input.invalid') with every line and problem. */
export function candidateOf(
  kind: 'playbook' | 'reader',
  text: string,
  library: Library,
): Exclude<Candidate, { kind: 'expectation' }> {
  if (kind === 'playbook') {
    const { playbook, issues } = validatePlaybook(text, library)
    if (playbook === null) throw wrong(issues)
    return { kind, playbook }
  }
  const read = readYamlDocument(text, 'readers', readerCharsMax)
  if (!read.ok) throw wrong(read.issues)
  const parsed = ReaderDescription.safeParse(read.plain)
  if (!parsed.success) {
    for (const issue of parsed.error.issues) read.report(issue.path as (string | number)[], issue.message)
    throw wrong(read.issues)
  }
  return { kind, description: parsed.data }
}

const issuesMax = 20

function wrong(issues: readonly Issue[]): Trouble {
  const lines = issues.slice(0, issuesMax).map(({ line, column, problem }) => `${line}:${column} ${problem}`)
  return new Trouble('input.invalid', { fields: { text: lines.join('; ') } })
}
