import { Command } from 'commander'
import { importAttack } from '../db/attack.ts'
import { systemClock } from '../kit/clock.ts'
import { readAttack } from '../parsers/intelligence/attack.ts'
import { openInput } from './import-file.ts'
import { openHouse } from './open-house.ts'
import { progress } from './progress.ts'
import { shownText } from './shown-text.ts'

const examples = `
Example:
  counterfoil import attack enterprise-attack.json

Techniques, tactics and what took the place of those that were revoked, from MITRE's STIX bundle (github.com/mitre-attack/attack-stix-data).
Alerts that name an old technique then show what it is called now. A later version is imported over an earlier one.`

/** `counterfoil import attack FILE`. */
export function importAttackCommand(): Command {
  return new Command('attack')
    .description('MITRE ATT&CK: techniques, tactics, and what was revoked')
    .argument('<file>', "MITRE's STIX bundle; - is stdin")
    .addHelpText('after', examples)
    .action(attackAction)
}

async function attackAction(file: string): Promise<void> {
  const { stream, sizeBytes } = openInput(file)
  const bar = progress('Importing ATT&CK', sizeBytes)
  let bytesRead = 0
  stream.on('data', (chunk: string | Buffer) => bar.at((bytesRead += chunk.length)))
  stream.pause()
  const house = await openHouse({ create: true })
  try {
    const read = await readAttack(stream)
    await importAttack(house.database.db, read, 'system', systemClock)
    bar.end()
    const techniques = read.entries.filter(({ kind }) => kind === 'technique')
    const revoked = techniques.filter(({ revokedBy }) => revokedBy !== null).length
    const tactics = read.entries.length - techniques.length
    process.stdout.write(
      `ATT&CK ${shownText(read.version)}: ${techniques.length} techniques (${revoked} of them replaced by others), ${tactics} tactics\n`,
    )
  } finally {
    bar.end()
    stream.destroy()
    await house.close()
  }
}
