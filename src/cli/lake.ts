import { Command } from 'commander'

/** The log lake's commands; each is loaded only when it is asked for. */
const commands: readonly { name: string; summary: string; load: () => Promise<() => Command> }[] = [
  {
    name: 'ingest',
    summary: 'read log files, folders or stdin into the lake',
    load: async () => (await import('./lake/ingest.ts')).ingestCommand,
  },
  {
    name: 'search',
    summary: 'look for events, newest first',
    load: async () => (await import('./lake/search.ts')).searchCommand,
  },
  {
    name: 'hunt',
    summary: 'look for a list of indicators in everything',
    load: async () => (await import('./lake/hunt.ts')).huntCommand,
  },
  {
    name: 'status',
    summary: 'what comes in, what it costs, what waits',
    load: async () => (await import('./lake/status.ts')).statusCommand,
  },
  {
    name: 'parsers',
    summary: 'list log parsers, check one of your own, try lines',
    load: async () => (await import('./lake/parsers.ts')).parsersCommand,
  },
]

const examples = `
Examples:
  counterfoil lake ingest /var/log/firewall --source firewall     everything in a folder, gz and zst as well
  counterfoil lake ingest '/srv/logs/*.log' --source proxy --follow
  counterfoil lake search 'src:10.1.0.0/16 action:denied' --from -7d
  counterfoil lake hunt --iocs feed.txt
  counterfoil lake status                                         what comes in, and what it costs
  counterfoil lake parsers try /var/log/gate.log                  how would these lines be read?`

/** `counterfoil lake ...` with the command that is asked for loaded, and the others by name. */
export async function lakeCommand(wanted: string | undefined): Promise<() => Command> {
  const chosen = commands.find(({ name }) => name === wanted)
  const load = await chosen?.load()
  return () => {
    const group = new Command('lake').description('Your own logs: keep them, search them, hunt in them.')
    // Before the subcommands are made: they inherit it, and a wrong call then exits 2.
    group.addHelpText('after', examples).exitOverride()
    for (const { name, summary } of commands) {
      if (load !== undefined && name === chosen?.name) group.addCommand(load().summary(summary).exitOverride())
      else group.command(name).summary(summary).description(summary)
    }
    return group
  }
}
