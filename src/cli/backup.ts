import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { backUp } from '../db/backup.ts'
import { systemClock } from '../kit/clock.ts'
import { Trouble } from '../kit/errors.ts'
import { filesOf } from './data-folder.ts'
import { openHouse } from './open-house.ts'
import { outFile } from './out-file.ts'
import { progress } from './progress.ts'

const examples = `
Example:
  counterfoil backup /backups/2026-11-22.counterfoil

It works beside a running server. The file holds everything: mails, decisions, the ledger and its key, passwords in the
settings. Keep it like the data folder itself; it is readable by you only (0600).`

/** `counterfoil backup FILE`: the database at one moment and the data folder's settings and keys, in one file. */
export function backupCommand(): Command {
  return new Command('backup')
    .description('Write everything to one file, while the server runs or not.')
    .argument('<file>', 'where to write; - is stdout')
    .option('--json', 'print what was written as JSON', false)
    .addHelpText('after', examples)
    .action(backupAction)
}

async function backupAction(file: string, flags: { json: boolean }): Promise<void> {
  if (file !== '-' && existsSync(file)) throw new Trouble('place.occupied', { file })
  const house = await openHouse()
  const out = outFile(file)
  const bar = progress('Backing up bytes', null)
  try {
    const { files, passedOver } = filesOf(house.settings.dataFolder)
    const done = await backUp({ url: house.database.url, files, clock: systemClock }, out.write, bar.at)
    await out.finish()
    bar.end()
    const screen = file === '-' ? process.stderr : process.stdout
    if (flags.json) screen.write(`${JSON.stringify({ ...done, passedOver })}\n`)
    else
      screen.write(
        `${done.rows} rows of ${done.tables} tables and ${done.files} files, ${Math.ceil(done.bytes / 1024)} KiB: ${file}\n`,
      )
    if (passedOver.length > 0)
      process.stderr.write(`Left out, because they are large or oddly named: ${passedOver.join(', ')}\n`)
    process.stderr.write(
      'Files that the settings name outside of the data folder are not in it. The backup is as secret as the data folder.\n',
    )
  } catch (error) {
    bar.end()
    await out.abandon()
    throw error
  } finally {
    await house.close()
  }
}
