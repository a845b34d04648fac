import { Command } from 'commander'
import { readSettings } from '../../config/config.ts'
import { loadRules } from '../../lake/sigma/load.ts'
import { progress } from '../progress.ts'

const examples = `
Every rule, correlation and filter is read, checked against the specification (2.1.0) and compiled to SQL; no engine is
needed. Placeholders (expand) take their values from lake.placeholders in counterfoil.yaml; rules that wait for some
compile, and are not run until they have them.

Examples:
  counterfoil sigma check rules/
  counterfoil sigma check rules/windows --json | jq -r '.failed[] | .file + ": " + .why'

Exit codes: 0 all compile, 1 some do not, 2 the call was wrong.`

/** `counterfoil sigma check PATH...`. */
export function checkCommand(): Command {
  return new Command('check')
    .description('Say which Sigma rules compile, and why the others do not.')
    .argument('<path...>', 'rules: files, or folders with all that is below them')
    .option('--json', 'print {"rules", "compiled", "failed": [{"file", "why"}]}', false)
    .addHelpText('after', examples)
    .action(check)
}

async function check(paths: readonly string[], { json }: { readonly json: boolean }): Promise<void> {
  const bar = progress('reading rules', null)
  const set = await loadRules(paths, {
    placeholders: readSettings().config.lake.placeholders,
    onFile: (done) => bar.at(done),
  }).finally(() => bar.end())
  const { count, failed } = set
  if (failed.length > 0 || count === 0) process.exitCode = 1
  if (json) {
    process.stdout.write(`${JSON.stringify({ rules: count, compiled: count - failed.length, failed }, null, 2)}\n`)
    return
  }
  const lines = failed.map(({ file, why }) => `${file}: ${why}`)
  const waiting = set.rules.filter(({ missing }) => missing.length > 0)
  const names = [...new Set(waiting.flatMap(({ missing }) => missing))].map((name) => `%${name}%`)
  lines.push(`${count - failed.length} of ${count} rules compile.`)
  if (count === 0) lines.push('There is no .yml or .yaml file there.')
  if (waiting.length > 0)
    lines.push(
      `${waiting.length} of them wait for values of ${names.join(', ')}: set lake.placeholders in counterfoil.yaml.`,
    )
  process.stdout.write(`${lines.join('\n')}\n`)
}
