import { Command } from 'commander'
import { readSettings } from '../config/config.ts'
import { startHouse } from '../main.ts'

const examples = `
Examples:
  counterfoil start
  COUNTERFOIL_DATA=/srv/counterfoil COUNTERFOIL_PORT=8844 counterfoil start
  DATABASE_URL=postgres://desk@db.example/counterfoil counterfoil start

counterfoil.yaml in the data folder opens the doors (smtp, imap, folders, mailOut): see docs/operations.md.`

export function startCommand(): Command {
  return new Command('start')
    .description('Run Counterfoil on your own data. Ends on Ctrl-C, when everything under way is put down.')
    .addHelpText('after', examples)
    .action(startAction)
}

async function startAction(): Promise<void> {
  const settings = readSettings()
  const running = await startHouse(settings)
  const say = (text: string) => process.stderr.write(`${text}\n`)
  say(`Counterfoil is open at ${running.url}`)
  if (running.firstRun !== null) say(`Make the first administrator here (this link works once):\n  ${running.firstRun}`)
  if (running.doors.smtp !== null)
    say(`Provider mail is taken at ${running.doors.smtp.host}:${running.doors.smtp.port} (SMTP)`)
  if (settings.config.mailOut === undefined)
    say('No mail server is configured: replies are drafted, but cannot be released (mailOut in counterfoil.yaml).')
  await untilSignal()
  say('stopping ...')
  await running.stop()
}

/** Resolves at the first Ctrl-C or kill; a second one ends at once, which loses nothing either. */
export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    const heard = (): void => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        process.off(signal, heard)
        process.once(signal, () => process.exit(130))
      }
      resolve()
    }
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, heard)
  })
}
