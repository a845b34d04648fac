import { X509Certificate } from 'node:crypto'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { Config } from '../../config/config.ts'
import { broken, type Check, ok, warn } from './check.ts'

/** Two weeks: time enough to get a new one. */
export const certificateDaysMin = 14

type Place = { readonly line: number; readonly says: string }

/** What is wrong in counterfoil.yaml, with its line (from 1): not YAML, not the schema, or a setting that nobody reads. */
export function problemsOf(text: string): {
  readonly wrong: Place[]
  readonly unread: Place[]
  readonly config: Config | null
} {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  if (document.errors.length > 0) {
    const wrong = document.errors.map((error) => ({
      line: lines.linePos(error.pos[0]).line,
      says: error.message.split('\n', 1)[0] ?? '',
    }))
    return { wrong, unread: [], config: null }
  }
  const raw: unknown = document.toJS() ?? {}
  const lineOf = (where: readonly PropertyKey[]): number => lineAt(document.contents, where, lines)
  const parsed = Config.safeParse(raw)
  if (!parsed.success) {
    const wrong = parsed.error.issues.map((issue) => ({
      line: lineOf(issue.path),
      says: `${issue.path.map(String).join('.') || 'the file'}: ${issue.message}`,
    }))
    return { wrong, unread: [], config: null }
  }
  const unread = unreadPaths(raw, parsed.data).map((where) => ({
    line: lineOf(where),
    says: `${where.join('.')} is no setting`,
  }))
  return { wrong: [], unread, config: parsed.data }
}

/** The line of the deepest node on this path that stands in the file. */
function lineAt(contents: unknown, where: readonly PropertyKey[], lines: LineCounter): number {
  let node: unknown = contents
  let offset = 0
  for (const step of where) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === step)
      if (pair === undefined) break
      offset = (pair.key as Node).range?.[0] ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[Number(step)]
      offset = (node as Node | undefined)?.range?.[0] ?? offset
    } else break
  }
  return lines.linePos(offset).line
}

/** Settings that were written but not taken: the schema leaves out what it does not know, which is mostly a typing error. */
function unreadPaths(raw: unknown, taken: unknown, at: readonly string[] = []): string[][] {
  if (typeof raw !== 'object' || raw === null || typeof taken !== 'object' || taken === null) return []
  return Object.entries(raw).flatMap(([name, value]) => {
    const inner: unknown = (taken as Record<string, unknown>)[name]
    return inner === undefined && value !== null ? [[...at, name]] : unreadPaths(value, inner, [...at, name])
  })
}

export function lookAtSettings(file: string): Check {
  if (!existsSync(file))
    return warn('settings', `there is no ${file}: every door is shut`, 'Write one; docs/operations.md has an example.')
  const { wrong, unread } = problemsOf(readFileSync(file, 'utf8'))
  const told = (places: readonly Place[]): string =>
    places.map(({ line, says }) => `${file}:${line}: ${says}`).join('; ')
  if (wrong.length > 0) return broken('settings', told(wrong), 'Mend the lines named; nothing starts before.')
  if (unread.length > 0) return warn('settings', told(unread), 'Mend the name: this setting has no effect.')
  return ok('settings', file)
}

/** Files that the settings name: there, readable, and certificates that are still valid. */
export function lookAtFiles(config: Config, now: Date): Check {
  const named: [string, string][] = []
  const add = (setting: string, file: string | undefined): void =>
    void (file !== undefined && named.push([setting, file]))
  add('smtp.tls.certFile', config.smtp?.tls?.certFile)
  add('smtp.tls.keyFile', config.smtp?.tls?.keyFile)
  add('mailOut.caFile', config.mailOut?.caFile)
  add('mailOut.passwordFile', config.mailOut?.passwordFile)
  add('mailOut.dkim.keyFile', config.mailOut?.dkim?.keyFile)
  add('timestamps.caFile', config.timestamps?.caFile)
  for (const door of config.imap) {
    add(`imap ${door.id} caFile`, door.caFile)
    add(`imap ${door.id} passwordFile`, door.passwordFile)
  }
  for (const folder of config.folders) add('folders', folder.path)
  for (const connector of config.connectors) if (typeof connector === 'string') add('connectors', connector)
  const { tls } = config.lake.syslog ?? {}
  add('lake.syslog.tls.certFile', tls?.certFile)
  add('lake.syslog.tls.keyFile', tls?.keyFile)
  add('lake.syslog.tls.clientCaFile', tls?.clientCaFile)
  for (const file of config.lake.parsers) add('lake.parsers', file)
  for (const file of config.lake.detections) add('lake.detections', file)
  if (named.length === 0) return ok('files', 'the settings name no files')
  const missing = named.filter(([, file]) => !isReadable(file))
  if (missing.length > 0) {
    return broken(
      'files',
      `cannot be read: ${missing.map(([setting, file]) => `${file} (${setting})`).join(', ')}`,
      'Check the paths and their permissions.',
    )
  }
  const certificate = config.smtp?.tls?.certFile
  const until = certificate === undefined ? null : new X509Certificate(readFileSync(certificate)).validToDate
  const daysLeft = until === null ? Number.POSITIVE_INFINITY : (until.getTime() - now.getTime()) / 86_400_000
  if (daysLeft < 0)
    return broken(
      'files',
      `the certificate of the mail door ended on ${until?.toISOString().slice(0, 10)}`,
      `Put a new one at ${certificate} and restart.`,
    )
  if (daysLeft < certificateDaysMin)
    return warn(
      'files',
      `the certificate of the mail door ends in ${Math.floor(daysLeft)} days`,
      `Put a new one at ${certificate} and restart.`,
    )
  return ok('files', `${named.length} files that the settings name can be read`)
}

function isReadable(file: string): boolean {
  try {
    accessSync(path.resolve(file), constants.R_OK)
    return true
  } catch {
    return false
  }
}
