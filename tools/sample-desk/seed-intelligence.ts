import { Readable } from 'node:stream'
import { noteFetch } from '../../src/db/intelligence-import.ts'
import type { Database } from '../../src/db/open.ts'
import type { Clock } from '../../src/kit/clock.ts'
import { importIntelligenceFile, importWarningList } from '../../src/playbooks/import-intelligence.ts'

const csv = `indicator,tlp,confidence,malware,description
203.0.113.66,amber,80,Nightjar,Command server of a made-up family
203.0.113.64/28,amber,40,,Range of a made-up hoster
cdn-update.example.com,red,90,Nightjar,Told in confidence
http://files.example.net/setup.exe,green,75,Nightjar,
`
const list = '# blocklist of a made-up provider\n203.0.113.66\n198.51.100.23\nwww.bank.example.com\n'
const warning = {
  ...{ name: 'Our own and our partners', description: 'Names that we know to be good', version: 3, type: 'hostname' },
  ...{ list: ['bank.example.com', 'partner.example.org'], matching_attributes: ['domain', 'hostname', 'url'] },
}

/** Sources of intelligence in different states, on made-up observables. */
export async function seedIntelligence(db: Database['db'], clock: Clock): Promise<void> {
  const take = (text: string, source: string) =>
    importIntelligenceFile(db, {
      ...{
        stream: Readable.from([Buffer.from(text)]),
        source,
        tlp: null,
        column: null,
        by: 'system',
        clock,
        dryRun: false,
      },
    })
  await take(csv, 'Sector circle')
  await take(list, 'Blocklist')
  await importWarningList(db, {
    stream: Readable.from([Buffer.from(JSON.stringify(warning))]),
    means: null,
    by: 'system',
    clock,
  })
  const failing = {
    id: 'cert-taxii',
    kind: 'taxii',
    title: 'CERT collection',
    tlp: 'GREEN',
    staleAfterHours: 24,
  } as const
  await noteFetch(db, failing, { ok: false, why: 'status 401: it refuses our secret, or what it may read' }, clock)
}
