import type { Tab } from '../../src/contract/desk.ts'
import type { Scope } from '../../src/contract/permissions.ts'
import type { Severity } from '../../src/model/alert.ts'
import type { FindingKind } from '../../src/model/finding.ts'
import type { Channel } from '../../src/model/message.ts'
import type { ObservableType } from '../../src/model/observable.ts'
import type { RunState, StepState } from '../../src/model/playbook.ts'
import type { Rung } from '../../src/model/question.ts'
import type { ReplyState, SensitiveClass } from '../../src/model/reply.ts'
import type { SearchKind } from '../../src/model/search.ts'
import type { Outcome } from '../../src/model/triage.ts'
import type { Role } from '../../src/model/user.ts'

/** How the screens say what the model names. Typed by the model, so that a new name without words does not compile. */
export const outcomeWords: Record<Outcome, string> = {
  incident: 'Incident',
  'minor-trouble': 'Minor trouble',
  'false-alarm-nothing': 'False alarm: nothing happened',
  'false-alarm-benign': 'False alarm: benign trigger',
  tune: 'Tune the rule',
}
export const outcomeShort: Record<Outcome, string> = {
  incident: 'Incident',
  'minor-trouble': 'Minor trouble',
  'false-alarm-nothing': 'Nothing happened',
  'false-alarm-benign': 'Benign trigger',
  tune: 'Tune the rule',
}
export const outcomeSays: Record<Outcome, string> = {
  incident: 'It happened and it matters: handle it as an incident.',
  'minor-trouble': 'It happened; fix it now, no incident.',
  'false-alarm-nothing': 'It did not happen.',
  'false-alarm-benign': 'It happened, and our context explains it.',
  tune: 'Never want to see it again: ask for the rule to change.',
}
export const rungWords: Record<Rung, string> = {
  'provider-alert': 'Provider alert',
  'network-sessions': 'Network sessions',
  'endpoint-logs': 'Target and endpoint logs',
  'identity-owner': 'Identity and owner',
  vulnerability: 'Vulnerability',
  'business-context': 'Business role and change calendar',
}
export const observableWords: Record<ObservableType, string> = {
  ipv4: 'IPv4',
  ipv6: 'IPv6',
  cidr: 'Range',
  domain: 'Domain',
  url: 'URL',
  email: 'Mail address',
  md5: 'MD5',
  sha1: 'SHA-1',
  sha256: 'SHA-256',
  sha512: 'SHA-512',
  ssdeep: 'ssdeep',
  imphash: 'Imphash',
  ja3: 'JA3',
  ja4: 'JA4',
  cve: 'CVE',
  attack: 'ATT&CK',
  asn: 'AS number',
  mac: 'MAC address',
  regkey: 'Registry key',
  filepath: 'Path',
  filename: 'File',
  mutex: 'Mutex',
  guid: 'GUID',
  sid: 'SID',
  useragent: 'User agent',
  hostname: 'Host',
  user: 'Account',
  btc: 'Bitcoin',
  eth: 'Ethereum',
  xmr: 'Monero',
}
/** The same for a kind that came as a text. */
export const kindWords = (type: string): string =>
  type in observableWords ? observableWords[type as ObservableType] : type

/** How a message came in, behind its time. */
export const channelWords: Record<Channel, string> = {
  smtp: 'over SMTP',
  imap: 'over IMAP',
  https: 'over HTTPS',
  file: 'as a file',
  detection: 'of a detection of ours',
}
/** How a door is called; a mailbox and a folder have the names that the settings give them. */
export const doorWords = (door: string): string =>
  ({ smtp: 'Mail door (SMTP)', 'mail-out': 'Mail going out', syslog: 'Syslog', 'log-files': 'Log files' })[door] ?? door

export const findingWords: Record<FindingKind, string> = {
  found: 'Found',
  nothing: 'Looked, nothing',
  'not-collected': 'Not collected',
  failed: 'Failed',
  'not-applicable': 'Not applicable',
}
export const severityWords: Record<Severity, string> = {
  unknown: 'Unknown',
  informational: 'Info',
  low: 'Low',
  medium: 'Medium',
  high: 'High',
  critical: 'Critical',
}
export const tabWords: Record<Tab, string> = {
  needs: 'Needs you',
  answer: 'To answer',
  approver: 'Waiting on approver',
  provider: 'Waiting on provider',
  asked: 'Waiting on a person',
  running: 'Running',
  snoozed: 'Snoozed',
  merged: 'Merged',
  done: 'Done today',
  all: 'All',
}
export const replyWords: Record<ReplyState, string> = {
  draft: 'Draft',
  held: 'Held',
  sending: 'Sending',
  sent: 'Sent',
  unconfirmed: 'Unconfirmed',
  failed: 'Failed',
  'dry-run': 'Dry run: not sent',
  cancelled: 'Cancelled',
}
export const classWords: Record<SensitiveClass, string> = {
  person: 'Person',
  account: 'Account',
  host: 'Host',
  'internal-address': 'Internal address',
  'internal-url': 'Internal URL',
  secret: 'Secret',
  personal: 'Personal data',
  hr: 'HR',
  health: 'Health',
  path: 'Path',
  intelligence: 'Intelligence (TLP)',
  picture: 'Picture',
}
export const runWords: Record<RunState, string> = {
  running: 'Running',
  waiting: 'Waiting',
  done: 'Done',
  failed: 'Failed',
  cancelled: 'Cancelled',
}
export const stepWords: Record<StepState, string> = {
  running: 'Running',
  waiting: 'Waiting',
  done: 'Done',
  skipped: 'Skipped',
  failed: 'Failed',
  'timed-out': 'Timed out',
}
export const roleWords: Record<Role, string> = {
  administrator: 'Administrator',
  lead: 'Lead',
  analyst: 'Analyst',
  approver: 'Approver',
  auditor: 'Auditor',
  'asset-owner': 'Asset owner',
  'provider-analyst': 'Provider’s analyst',
}

/** What a key may do, in words. */
export const scopeWords: Record<Scope, string> = {
  'desk.see': 'See the queue and alerts',
  'message.download': 'Download messages',
  'quarantine.see': 'See the quarantine',
  'house.see': 'See context and settings',
  'reply.write': 'Draft answers',
  'suggestion.write': 'Suggest decisions and remark',
  'context.import': 'Bring in assets, people and lists',
  'logs.search': 'Search the logs',
  'logs.see': 'See log sources',
  'ledger.see': 'Read and export the ledger',
  'xray.run': 'Run an X-ray',
  'portal.see': 'Read released answers',
  'portal.ask': 'Ask about something',
}

/** "waiting for the answer of m@example.org" out of the journal's own word. */
export function waitingWords(waitingFor: string | null): string {
  if (waitingFor === null || waitingFor === '') return 'waiting'
  const [what, ...who] = waitingFor.split(':')
  const names: Record<string, string> = {
    decision: 'waiting for a decision',
    answer: 'waiting for an answer',
    release: 'waiting for a release',
    checklist: 'waiting for somebody to work through a list',
    approval: 'waiting for signatures',
  }
  const words = names[what ?? ''] ?? `waiting for ${what ?? ''}`
  return who.length === 0 || /^[0-9a-f-]{36}$/.test(who.join(':')) ? words : `${words} (${who.join(':')})`
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString('en')} ${n === 1 ? one : many}`
}

/** "1st", "2nd", "11th". */
export function ordinal(n: number): string {
  const last = n % 100
  const end = last >= 11 && last <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][n % 10] ?? 'th')
  return `${n}${end}`
}

export function bytesWords(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(bytes < 10_240 ? 1 : 0)} KB`
  if (bytes < 1024 ** 3) return `${(bytes / 1024 ** 2).toFixed(1)} MB`
  return bytes < 1024 ** 4 ? `${(bytes / 1024 ** 3).toFixed(1)} GB` : `${(bytes / 1024 ** 4).toFixed(1)} TB`
}

export function msWords(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  if (ms < 3600_000) return `${Math.round(ms / 60_000)} min`
  if (ms < 48 * 3600_000) return `${(ms / 3600_000).toFixed(1)} h`
  return `${(ms / 86_400_000).toFixed(1)} d`
}

export const searchKindWords: Record<SearchKind, string> = {
  alert: 'Alerts',
  ticket: 'Tickets',
  message: 'Messages',
  observable: 'Observables',
  rule: 'Rules',
  reply: 'Replies',
  asset: 'Assets',
  person: 'People',
  provider: 'Providers',
  connector: 'Connectors',
}

/** Whether what stands in an address is a kind that can be searched. */
export const isSearchKind = (kind: unknown): kind is SearchKind =>
  typeof kind === 'string' && Object.hasOwn(searchKindWords, kind)
