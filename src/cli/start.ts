import { Command } from 'commander'
import { type Config, type LakeConfig, placesOf, readSettings } from '../config/config.ts'
import { startHouse } from '../main.ts'
import { lookAtSettings } from './doctor/settings.ts'

const examples = `
Examples:
  counterfoil start
  COUNTERFOIL_DATA=/srv/counterfoil COUNTERFOIL_PORT=8844 counterfoil start
  DATABASE_URL=postgres://desk@db.example/counterfoil counterfoil start

counterfoil.yaml in the data folder opens the doors: for mail smtp, imap, folders and mailOut (docs/operations.md), for logs
lake.syslog and lake.files (docs/lake.md).`

export function startCommand(): Command {
  return new Command('start')
    .description('Run Counterfoil on your own data. Ends on Ctrl-C, when everything under way is put down.')
    .addHelpText('after', examples)
    .action(startAction)
}

async function startAction(): Promise<void> {
  const settings = readSettings()
  const say = (text: string) => process.stderr.write(`${text}\n`)
  const written = lookAtSettings(placesOf().configFile)
  if (written.state !== 'ok') say(`${written.says}. ${written.mend}`)
  const running = await startHouse(settings)
  say(`Counterfoil is open at ${running.url}`)
  if (running.firstRun !== null) say(`Make the first administrator here (this link works once):\n  ${running.firstRun}`)
  if (running.doors.smtp !== null)
    say(`Provider mail is taken at ${running.doors.smtp.host}:${running.doors.smtp.port} (SMTP)`)
  for (const line of mailDoorsIn(settings.config)) say(line)
  const { syslog, files } = settings.config.lake
  if (syslog !== undefined) say(`Logs are taken at ${syslog.host}: ${portsOf(syslog)} (syslog)`)
  if (files.length > 0) say(`Logs are read from ${files.map(({ path }) => path).join(', ')}`)
  if (settings.config.mailOut === undefined)
    say('No mail server is configured: replies are drafted, but cannot be released (mailOut in counterfoil.yaml).')
  await untilSignal()
  say('stopping ...')
  await running.stop()
}

/** Where provider mail is fetched, and that none comes in where no door is open. */
export function mailDoorsIn({ smtp, imap, folders }: Pick<Config, 'smtp' | 'imap' | 'folders'>): readonly string[] {
  if (smtp === undefined && imap.length + folders.length === 0)
    return ['No door for mail is open but HTTPS: name smtp, imap or folders in counterfoil.yaml (docs/operations.md).']
  return [
    ...imap.map(({ id, host, user }) => `Provider mail is read from the mailbox ${id}: ${user} at ${host} (IMAP)`),
    ...folders.map((folder) => `Provider mail is read from the folder ${folder.path}`),
  ]
}

function portsOf({ udp, tcp, tls }: NonNullable<LakeConfig['syslog']>): string {
  const ports = Object.entries({ udp, tcp, tls: tls?.port }).filter(([, port]) => port !== undefined)
  return ports.map(([kind, port]) => `${kind} ${port}`).join(', ')
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
