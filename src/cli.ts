import { Command, CommanderError } from 'commander'
import { shownLines } from './cli/shown-text.ts'
import { isTrouble, troubles, wordsOf } from './kit/errors.ts'
import { version } from './kit/version.ts'

/** Name, one line of help, and where the command lives. Each is loaded only when it is asked for: `extract` starts without a database. */
const commands: readonly {
  name: string
  summary: string
  /** Called with the word that follows: a group of commands loads only the one that is asked for. */
  load: (next: string | undefined) => Promise<() => Command>
}[] = [
  {
    name: 'start',
    summary: 'run Counterfoil on your own data',
    load: async () => (await import('./cli/start.ts')).startCommand,
  },
  {
    name: 'demo',
    summary: 'play the main job on made-up mail, for real',
    load: async () => (await import('./cli/demo.ts')).demoCommand,
  },
  {
    name: 'xray',
    summary: 'say what a folder of old provider mail tells about the relationship',
    load: async () => (await import('./cli/xray.ts')).xrayCommand,
  },
  {
    name: 'extract',
    summary: 'list the observables in a text or a mail',
    load: async () => (await import('./cli/extract.ts')).extractCommand,
  },
  {
    name: 'import',
    summary: 'import the asset list, the people list, own networks',
    load: async () => (await import('./cli/import.ts')).importCommand,
  },
  {
    name: 'lake',
    summary: 'keep your own logs, search them, hunt in them',
    load: async (next) => (await import('./cli/lake.ts')).lakeCommand(next),
  },
  {
    name: 'sigma',
    summary: 'check, run and test detection rules',
    load: async (next) => (await import('./cli/sigma.ts')).sigmaCommand(next),
  },
  {
    name: 'reader',
    summary: 'check and test a reader of provider messages',
    load: async () => (await import('./cli/reader.ts')).readerCommand,
  },
  {
    name: 'playbook',
    summary: 'validate, show or try a playbook',
    load: async () => (await import('./cli/playbook.ts')).playbookCommand,
  },
  {
    name: 'connector',
    summary: 'check, try and list descriptions of REST sources',
    load: async () => (await import('./cli/connector.ts')).connectorCommand,
  },
  {
    name: 'pack',
    summary: 'what providers are told about your assets: list, export, verify',
    load: async () => (await import('./cli/pack.ts')).packCommand,
  },
  {
    name: 'backtest',
    summary: 'try a playbook or a reader on what was recorded',
    load: async () => (await import('./cli/backtest.ts')).backtestCommand,
  },
  {
    name: 'expectations',
    summary: 'answers that are remembered: list, preview, add, retire',
    load: async () => (await import('./cli/expectations.ts')).expectationsCommand,
  },
  {
    name: 'tickets',
    summary: 'compare tickets with Jira, ServiceNow and others',
    load: async () => (await import('./cli/tickets.ts')).ticketsCommand,
  },
  {
    name: 'audit',
    summary: 'export the ledger, verify an export offline',
    load: async () => (await import('./cli/audit.ts')).auditCommand,
  },
  {
    name: 'config',
    summary: 'settings of the page as a file: export, compare, apply, go back',
    load: async () => (await import('./cli/config.ts')).configCommand,
  },
  {
    name: 'secrets',
    summary: 'change the key that seals the secrets of connectors',
    load: async () => (await import('./cli/secrets.ts')).secretsCommand,
  },
  {
    name: 'mcp',
    summary: 'serve the desk to a language model: read, and draft',
    load: async () => (await import('./cli/mcp.ts')).mcpCommand,
  },
  {
    name: 'doctor',
    summary: 'say what is wrong with an installation and how to mend it',
    load: async () => (await import('./cli/doctor.ts')).doctorCommand,
  },
  {
    name: 'backup',
    summary: 'write everything to one file',
    load: async () => (await import('./cli/backup.ts')).backupCommand,
  },
  {
    name: 'restore',
    summary: 'bring a backup into an empty data folder',
    load: async () => (await import('./cli/restore.ts')).restoreCommand,
  },
]

const examples = `
Examples:
  counterfoil xray ~/mail/provider            what do we pay for?
  counterfoil start                           the desk, on http://localhost:8844
  counterfoil import assets assets.csv        what only we know
  counterfoil audit verify export.jsonl       does the record hold?

Settings are read from counterfoil.yaml in the data folder (COUNTERFOIL_DATA, default ./.counterfoil).
Exit codes: 0 done, 1 it did not work or something was found wrong, 2 the call itself was wrong.`

async function programFor([wanted, next]: readonly string[]): Promise<Command> {
  const program = new Command('counterfoil')
  program
    .description("The customer's own half of managed security.")
    .version(version)
    .addHelpText('after', examples)
    .exitOverride()
  for (const { name, summary, load } of commands) {
    if (name === wanted) program.addCommand((await load(next))().summary(summary).exitOverride())
    else program.command(name).summary(summary).description(summary)
  }
  return program
}

/** Prints what went wrong and what to do next, to stderr. */
function explain(error: unknown): void {
  if (!isTrouble(error)) {
    process.stderr.write(`counterfoil: ${shownLines(wordsOf(error))}\n`)
    return
  }
  const { says, next } = troubles[error.code]
  // Named fields are what a page shows beside them; here each is a line.
  const details = Object.entries(error.details).flatMap(([name, value]) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.entries(value).map(([field, says]) => `  ${field}: ${shownLines(String(says))}`)
      : [`  ${name}: ${shownLines(String(value))}`],
  )
  process.stderr.write([`counterfoil: ${says}`, ...details, `  ${next}`, ''].join('\n'))
}

export async function main(argv: readonly string[]): Promise<number> {
  try {
    const program = await programFor(argv.slice(2).filter((word) => !word.startsWith('-')))
    if (argv.length <= 2) {
      program.outputHelp()
      return 2
    }
    await program.parseAsync([...argv])
    return Number(process.exitCode ?? 0)
  } catch (error) {
    // Commander has already said what was wrong with the call; 0 is --help and --version.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    explain(error)
    return 1
  }
}

if (import.meta.main) {
  // `counterfoil audit export | head` closes our output early; that is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(0)
  })
  process.exitCode = await main(process.argv)
}
