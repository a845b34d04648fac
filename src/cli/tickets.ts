import { Command } from 'commander'
import { listSystems } from '../db/elsewhere-systems.ts'
import { systemClock } from '../kit/clock.ts'
import { Trouble } from '../kit/errors.ts'
import { elsewhereDesk } from '../main/elsewhere.ts'
import { openKeyRing } from '../main/seal-keys.ts'
import { type Reconciled, reconcile } from '../playbooks/elsewhere/reconcile.ts'
import { openHouse } from './open-house.ts'
import { shownText } from './shown-text.ts'

const examples = `
Examples:
  counterfoil tickets reconcile                every system that is switched on
  counterfoil tickets reconcile jira --mend    and have what differs synced again by the running server
  counterfoil tickets reconcile --json

Exit 1 when something differs or could not be looked at.`

/** `counterfoil tickets ...`: what is kept in step with other systems, and whether it is. */
export function ticketsCommand(): Command {
  const tickets = new Command('tickets').description('Compare tickets with those of other systems.')
  tickets.addHelpText('after', examples).exitOverride()
  tickets
    .command('reconcile')
    .description('look at both sides of every linked ticket and say what differs')
    .argument('[system]', 'only this one')
    .option('--mend', 'have what differs synced again', false)
    .option('--json', 'print as JSON', false)
    .action(run)
  return tickets
}

async function run(only: string | undefined, flags: { mend: boolean; json: boolean }): Promise<void> {
  const house = await openHouse()
  try {
    const { db } = house.database
    const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
    const parts = {
      ...{ db, clock: systemClock, log: quiet, node: 'counterfoil tickets' },
      ...{ cannotMail: () => 'a command sends no mail', mailNotice: async () => undefined },
    }
    const desk = elsewhereDesk(parts, house.settings, (await openKeyRing(house.settings)).current.bytes)
    const systems = (await listSystems(db)).filter(({ id, enabled }) => (only === undefined ? enabled : id === only))
    if (only !== undefined && systems.length === 0) throw new Trouble('not.found', { system: only })
    const reports: Reconciled[] = []
    for (const { id } of systems) reports.push(await reconcile(desk, id, { mend: flags.mend, by: 'system' }))
    process.stdout.write(flags.json ? `${JSON.stringify(reports)}\n` : reports.map(asText).join('\n'))
    if (!flags.json && reports.length === 0)
      process.stdout.write('No system is switched on. Set one up under Settings, Tickets elsewhere.\n')
    if (reports.some(({ rows, even }) => rows.length > even)) process.exitCode = 1
  } finally {
    await house.close()
  }
}

function asText({ title, looked, even, rows }: Reconciled): string {
  const lines = rows
    .filter(({ differences }) => differences.length > 0)
    .flatMap(({ ticket, theirs, differences, did }) => [
      `  ${ticket} ${theirs.key ?? '(not there)'}: ${did}`,
      ...differences.map((one) => `    ${one}`),
    ])
  return shownText([`${title}: ${even} of ${looked} agree`, ...lines, ''].join('\n'))
}
