import type { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Kysely } from 'kysely'
import type { Timestamps } from '../config/config.ts'
import type { Tables } from '../db/tables.ts'
import { readCertificates } from '../kit/certificate.ts'
import type { Clock } from '../kit/clock.ts'
import { Trouble } from '../kit/errors.ts'
import type { LedgerKey } from '../ledger/key.ts'
import { startStamper } from '../ledger/stamper.ts'
import { openTimestamps } from '../outbox/timestamp/index.ts'
import type { Log } from '../playbooks/house.ts'

const hourMs = 3_600_000

/** Certificates of an authority; throws Trouble('file.invalid') for a file that holds none. */
export function authorityCertificates(file: string): readonly X509Certificate[] {
  const found = readCertificates(readFileSync(file)).map(({ x509 }) => x509)
  if (found.length === 0) throw new Trouble('file.invalid', { problem: `${file} holds no certificate (PEM)` })
  return found
}

/** Has the ledger stamped where an authority is set; null where none is. */
export function openStamps(
  parts: { readonly db: Kysely<Tables>; readonly clock: Clock; readonly key: LedgerKey; readonly log: Log },
  settings: Timestamps | undefined,
): { readonly stop: () => Promise<void> } | null {
  if (settings === undefined) return null
  const trusted = authorityCertificates(settings.caFile)
  const authority = openTimestamps(settings, parts.clock)
  const stamper = startStamper({ ...parts, trusted, ask: authority.ask, everyMs: settings.everyHours * hourMs })
  return {
    stop: async () => {
      await authority.close()
      await stamper.stop()
    },
  }
}
