import { Command } from 'commander'

/** Sigma's commands; each is loaded only when it is asked for: `check` starts without an engine. */
const commands: readonly { name: string; summary: string; load: () => Promise<() => Command> }[] = [
  {
    name: 'check',
    summary: 'say which rules compile, and why the others do not',
    load: async () => (await import('./sigma/check.ts')).checkCommand,
  },
  {
    name: 'run',
    summary: 'run rules over the lake',
    load: async () => (await import('./sigma/run.ts')).runCommand,
  },
  {
    name: 'test',
    summary: 'run rules over events in a file, without a lake',
    load: async () => (await import('./sigma/test.ts')).testCommand,
  },
]

const examples = `
Examples:
  counterfoil sigma check rules/                             do they compile?
  counterfoil sigma run rules/ --from -7d                    what would they have seen last week?
  counterfoil sigma test rule.yml --events sysmon.ndjson     does it see what it should?`

/** `counterfoil sigma ...` with the command that is asked for loaded, and the others by name. */
export async function sigmaCommand(wanted: string | undefined): Promise<() => Command> {
  const chosen = commands.find(({ name }) => name === wanted)
  const load = await chosen?.load()
  return () => {
    const group = new Command('sigma').description('Detection rules in the Sigma format (docs/sigma.md).')
    group.addHelpText('after', examples).exitOverride()
    for (const { name, summary } of commands) {
      if (load !== undefined && name === chosen?.name) group.addCommand(load().summary(summary).exitOverride())
      else group.command(name).summary(summary).description(summary)
    }
    return group
  }
}
