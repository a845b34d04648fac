import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { sql } from 'kysely'
import { startPostgres } from '../../src/db/launcher.ts'
import { migrate } from '../../src/db/migrate.ts'
import { type Database, openDatabase } from '../../src/db/open.ts'
import { recordedAlerts } from '../../src/db/recorded.ts'
import type { Reading } from '../../src/model/alert.ts'
import { playbookLookBack } from '../../src/playbooks/backtest/playbook-backtest.ts'
import { replay } from '../../src/playbooks/backtest/replay.ts'
import { backtestPlaybook } from '../../src/playbooks/backtest/run-backtest.ts'
import { loadLibrary } from '../../src/playbooks/load.ts'
import type { BenchResult } from './result.ts'

const alerts = 10_000
/** So that a person waits for it at the screen. */
const secondsMax = 120
const silent = { info: () => undefined, warn: () => undefined }

const field = (value: string) => ({ value, span: null })
const reading: Reading = {
  ...{
    reader: 'bench',
    kind: 'alert',
    because: '',
    ticket: null,
    rule: field('Beacon'),
    severity: 'high',
    severityText: null,
  },
  ...{ status: null, title: 'Beacon', summary: '', occurredAt: '2026-11-20T10:00:00.000Z', raisedAt: null },
  ...{
    source: field('192.0.2.10'),
    destination: field('198.51.100.7'),
    host: field('ws-17.example.org'),
    account: field('jdoe'),
  },
  ...{ entity: 'ws-17.example.org', portalUrl: null, question: null, fields: [], observables: [], delivered: [] },
}

/** Alerts of fifty machines, each with 19 answers of a run of provider-alert and every second one decided, made by the database itself. */
async function fill({ db }: Database): Promise<void> {
  await sql`
    insert into alert (id, provider_id, kind, rule, severity, title, entity, host, account, source, destination, occurred_at, received_at, reading, filled_at)
    select gen_random_uuid(), 'acme', 'alert', 'Beacon', 'high', 'Beacon ' || n, 'ws-' || n % 50, 'ws-' || n % 50, 'jdoe', '192.0.2.10', '198.51.100.7',
      now() - n * interval '4 minutes', now() - n * interval '4 minutes',
      jsonb_set(${JSON.stringify(reading)}::jsonb, '{host,value}', to_jsonb('ws-' || n % 50)), now() - n * interval '4 minutes'
    from generate_series(1, ${alerts}) n`.execute(db)
  await sql`
    insert into run (id, playbook_id, playbook_version, playbook, alert_id, state, trigger, started_at)
    select gen_random_uuid(), 'provider-alert', 1, '{}', id, 'waiting', 'alert', received_at from alert`.execute(db)
  await sql`
    insert into finding (id, alert_id, run_id, question, ask, connector, kind, answer, cost_ms, asked_at)
    select gen_random_uuid(), run.alert_id, run.id, q.question, q.ask, 'list', 'nothing', null, 1, run.started_at
    from run join alert on alert.id = run.alert_id cross join lateral (values
      ('network-of-address', jsonb_build_object('address', alert.source)), ('network-of-address', jsonb_build_object('address', alert.destination)),
      ('asset-of-host', jsonb_build_object('host', alert.host, 'at', '2026-11-20T10:00:00.000Z')),
      ('owner-of-host', jsonb_build_object('host', alert.host, 'at', '2026-11-20T10:00:00.000Z')),
      ('person-of-account', jsonb_build_object('account', alert.account)),
      ('processes-of-host', jsonb_build_object('host', alert.host, 'at', '2026-11-20T10:00:00.000Z')),
      ('logins-of-account', jsonb_build_object('account', alert.account, 'at', '2026-11-20T10:00:00.000Z'))) q (question, ask),
      generate_series(1, 3) copies where copies = 1 or q.question <> 'network-of-address'`.execute(db)
  await sql`
    insert into decision (id, alert_id, outcome, reason, without_evidence, decided_by, decided_at)
    select gen_random_uuid(), id, 'false-alarm-benign', 'planned', true, 'user:1', received_at + interval '1 hour' from alert where number % 2 = 0`.execute(
    db,
  )
  await sql`analyze`.execute(db)
}

export async function bench(): Promise<BenchResult[]> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'counterfoil-bench-'))
  const postgres = await startPostgres({ folder, log: silent })
  try {
    await migrate(postgres.url)
    const database = await openDatabase(postgres.url)
    await fill(database)
    const library = await loadLibrary(['content/playbooks'])
    const candidate = library.byId('provider-alert')
    if (candidate === undefined) throw new Error('provider-alert is not there')
    const stretch = { from: new Date(0), to: new Date() }
    const [first] = (await recordedAlerts(database.db, stretch, null, 1)).rows
    if (first === undefined) throw new Error('nothing was recorded')
    const cpu = process.cpuUsage()
    const began = performance.now()
    let longestMs = 0
    let since = began
    const summary = await backtestPlaybook(database.db, playbookLookBack(candidate, library), {
      ...stretch,
      signal: new AbortController().signal,
      onTotal: async () => undefined,
      onRows: async () => {
        longestMs = Math.max(longestMs, performance.now() - since)
        since = performance.now()
      },
    })
    const seconds = (performance.now() - began) / 1000
    const used = process.cpuUsage(cpu)
    const cpuSeconds = (used.user + used.system) / 1e6
    const heapMb = process.memoryUsage().heapUsed / 2 ** 20
    await database.close()
    const asked = replay(candidate, library, first).asked
    return [
      {
        name: 'Back-test of a playbook: 10,000 alerts',
        value: seconds,
        unit: 's',
        goal: `<= ${secondsMax}`,
        ok: seconds <= secondsMax && summary.looked === alerts,
        note: `${summary.looked} alerts, ${asked} questions each, CPU ${cpuSeconds.toFixed(1)} s, heap ${heapMb.toFixed(0)} MB, longest batch of 50 ${longestMs.toFixed(0)} ms`,
      },
    ]
  } finally {
    await postgres.stop()
    await rm(folder, { recursive: true, force: true })
  }
}
