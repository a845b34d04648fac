import { existsSync } from 'node:fs'
import os from 'node:os'
import { Command } from 'commander'
import { Config, placesOf, readSettings, type Settings } from '../config/config.ts'
import { connectorStates } from '../db/connector-state.ts'
import {
  doorFacts,
  jobFacts,
  migrationState,
  providerDomains,
  runFacts,
  serverFacts,
  waitingFacts,
} from '../db/health.ts'
import { listsOf } from '../db/house-front.ts'
import { listNodes } from '../db/nodes.ts'
import type { Db } from '../db/open.ts'
import { systemClock } from '../kit/clock.ts'
import { isAlive } from '../kit/process-lock.ts'
import { headFacts } from '../ledger/head.ts'
import { loadKey } from '../ledger/key.ts'
import { silentMsMax } from '../playbooks/worker.ts'
import { type Check, type CheckState, type Look, notApplicable, ofError, runLook } from './doctor/check.ts'
import * as house from './doctor/house.ts'
import { lookAtLake } from './doctor/lake.ts'
import { judgeNode, judgePort, lookAtDisk, lookAtFolder, lookAtPort, lookAtPostmaster } from './doctor/machine.ts'
import { lookAtMailKeys } from './doctor/mail-keys.ts'
import { lookAtDkim, lookAtDns, lookAtMailOut } from './doctor/outside.ts'
import { lookAtFiles, lookAtSettings } from './doctor/settings.ts'
import { lookAtTimestamps } from './doctor/timestamps.ts'
import { openHouse } from './open-house.ts'

const examples = `
Examples:
  counterfoil doctor
  counterfoil doctor --json | jq '.checks[] | select(.state == "broken")'

Exit 0: nothing is broken (there may be warnings). 1: something is broken. It changes nothing.`

/** `counterfoil doctor`: what is wrong with an installation, and how to mend it. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Say what is wrong with an installation and how to mend it.')
    .option('--json', 'print the checks as JSON', false)
    .addHelpText('after', examples)
    .action(async (flags: { json: boolean }) => {
      const checks = await diagnose()
      const isBroken = checks.some((check) => check.state === 'broken')
      process.stdout.write(flags.json ? `${JSON.stringify({ ok: !isBroken, checks })}\n` : textOf(checks))
      if (isBroken) process.exitCode = 1
    })
}

/** All checks, in the order in which a person would mend them. Never throws: what cannot be looked at is a check that says so. */
export async function diagnose(): Promise<readonly Check[]> {
  const { settings, check } = settingsOrDefaults()
  const { dataFolder, config } = settings
  const before = await run([
    { name: 'node', look: () => judgeNode(process.versions.node) },
    { name: 'data-folder', look: () => lookAtFolder(dataFolder, settings.databaseUrl !== null) },
    { name: 'disk', look: () => lookAtDisk(dataFolder) },
    { name: 'settings', look: () => check },
    { name: 'files', look: () => lookAtFiles(config, systemClock.now()) },
    {
      name: 'postmaster',
      look: () =>
        settings.databaseUrl === null
          ? lookAtPostmaster(dataFolder)
          : notApplicable('postmaster', 'the database is not ours to start'),
    },
  ])
  const inside = await lookInside(settings)
  const outside = await run([
    { name: 'log-lake', look: () => lookAtLake(settings, systemClock.now()) },
    { name: 'mail-out', look: () => lookAtMailOut(config.mailOut) },
    { name: 'dns', look: () => lookAtDns(config, inside.domains) },
    { name: 'dkim', look: () => lookAtDkim(config) },
    ...ports(config, inside.serverHere),
  ])
  return [...before, ...inside.checks, ...outside]
}

/** With settings that cannot be read the rest is still looked at, by the defaults. */
function settingsOrDefaults(): { readonly settings: Settings; readonly check: Check } {
  const { dataFolder, configFile, databaseUrl, clickhouseUrl } = placesOf()
  const check = (): Check => lookAtSettings(configFile)
  try {
    return { settings: readSettings(), check: check() }
  } catch (error) {
    const settings: Settings = {
      dataFolder,
      databaseUrl,
      clickhouseUrl,
      config: Config.parse({}),
      logLevel: 'info',
      sealKey: { kind: 'folder' } as const,
    }
    const found = existsSync(configFile) ? check() : ofError('settings', error)
    return { settings, check: found.state === 'broken' ? found : ofError('settings', error) }
  }
}

type Inside = { readonly checks: readonly Check[]; readonly domains: readonly string[]; readonly serverHere: boolean }

async function lookInside(settings: Settings): Promise<Inside> {
  const opened = await openHouse({ settings }).catch((error: unknown) => ofError('database', error))
  if ('state' in opened) return { checks: [opened], domains: [], serverHere: false }
  const { db } = opened.database
  try {
    const server = await serverFacts(db)
    const migrations = house.judgeMigrations(await migrationState(db))
    const first = [house.judgeServer(server), house.judgeClock(server), migrations]
    if (migrations.state === 'broken') return { checks: first, domains: [], serverHere: false }
    const nodes = await listNodes(db, silentMsMax)
    const serverRuns = nodes.some((node) => node.alive)
    const serverHere = nodes.some((node) => node.alive && house.machineOf(node) === os.hostname() && isAlive(node.pid))
    const now = systemClock.now()
    const rest = await run([
      { name: 'nodes', look: () => house.judgeNodes(nodes) },
      { name: 'ledger', look: () => lookAtLedger(db, settings.dataFolder, serverRuns) },
      { name: 'jobs', look: async () => house.judgeJobs(await jobFacts(db, house.heldMsMax), serverRuns) },
      {
        name: 'runs',
        look: async () => house.judgeRuns(await runFacts(db, house.runWaitMsMax, house.deadlineLateMsMax)),
      },
      { name: 'doors', look: async () => house.judgeDoors(settings.config, await doorFacts(db)) },
      { name: 'waiting', look: async () => house.judgeWaiting(await waitingFacts(db)) },
      { name: 'lists', look: async () => house.judgeLists(await listsOf(db), now) },
      { name: 'connectors', look: async () => house.judgeConnectors(await connectorStates(db)) },
      { name: 'mail-keys', look: () => lookAtMailKeys(db, now) },
      { name: 'timestamps', look: () => lookAtTimestamps(db, settings.config.timestamps, systemClock) },
    ])
    return { checks: [...first, ...rest], domains: await providerDomains(db), serverHere }
  } catch (error) {
    return { checks: [ofError('database', error)], domains: [], serverHere: false }
  } finally {
    await opened.close()
  }
}

async function lookAtLedger(db: Db, dataFolder: string, serverRuns: boolean): Promise<Check> {
  return house.judgeLedger(await headFacts(db, loadKey(dataFolder)), serverRuns)
}

function ports(config: Config, serverHere: boolean): Look[] {
  const look = (name: string, setting: string, place: { host: string; port: number }): Look => ({
    name,
    look: async () => judgePort(name, setting, place, await lookAtPort(place.host, place.port), serverHere),
  })
  const smtp = config.smtp === undefined ? [] : [look('port-smtp', 'smtp.port', config.smtp)]
  return [look('port-http', 'http.port', config.http), ...smtp]
}

async function run(looks: readonly Look[]): Promise<Check[]> {
  const checks: Check[] = []
  for (const look of looks) checks.push(...(await runLook(look)))
  return checks
}

const marks: Record<CheckState, string> = { ok: 'ok', warn: 'warn', broken: 'BROKEN', 'not-applicable': '-' }

function textOf(checks: readonly Check[]): string {
  const lines = checks.flatMap(({ name, state, says, mend }) => {
    const line = `${marks[state].padEnd(7)} ${name.padEnd(20)} ${says}`
    return mend === '' ? [line] : [line, `${' '.repeat(29)}-> ${mend}`]
  })
  const count = (state: CheckState): number => checks.filter((check) => check.state === state).length
  return `${[...lines, '', `${count('broken')} broken, ${count('warn')} warnings, ${count('ok')} ok.`].join('\n')}\n`
}
