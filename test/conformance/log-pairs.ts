import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { LineToRead } from '../parse.ts'

/**
 * Real lines with what others say must come of them, translated to our columns. CrowdSec's, OCSF's and Google SecOps' examples each use
 * their own names; what a translation cannot say (geography, their own labels) is left out.
 */

export type Expected = {
  /** A path as parsers' `expect` names it. */
  readonly path: string
  readonly value: string | number
  /** How it is compared: whole, by its end (a path of a URL), or a moment whose year the line does not say. */
  readonly by: 'whole' | 'end' | 'moment-without-year'
}
export type Pair = {
  readonly folder: string
  readonly name: string
  readonly line: LineToRead
  /** The parsers that may read it; none: a format that we have no parser for. */
  readonly parsers: readonly string[]
  readonly expected: readonly Expected[]
}

export const corpus = path.resolve(import.meta.dirname, '../../../shared/corpus/logs')

const whole = (at: string, value: string | number): Expected => ({ path: at, value, by: 'whole' })

// ---- CrowdSec: <folder>/*.log and expected.json, a list of {stage, parser, index, fields}.

/** Which of our parsers a folder's lines belong to. */
const parsersOfFolder: Readonly<Record<string, readonly string[]>> = {
  'apache2-logs': ['http-access', 'apache-error'],
  'auditd-logs': ['auditd'],
  'bind9-logs': ['bind'],
  'cef-logs': ['unifi'],
  'exchange-smtp-logs': ['exchange-smtp'],
  'fortinet-vpn-bf': ['fortigate'],
  'haproxy-logs': ['haproxy'],
  'iptables-logs': ['iptables'],
  'mikrotik-logs': ['mikrotik'],
  'nginx_http-logs': ['http-access', 'nginx-error'],
  'palo-alto-threat': ['pan-os'],
  'pam-logs': ['pam'],
  'pf-logs': ['filterlog'],
  'pfsense-rfc5424-filterlog': ['filterlog'],
  'postfix-logs': ['postfix'],
  'sshd-logs': ['sshd'],
  'suricata-logs-evelog': ['suricata-eve'],
  'syslog-logs': ['sshd'],
  'unifi-cef': ['unifi'],
  'windows-logs': ['windows-xml'],
}

type CrowdSecFields = Readonly<Record<string, string>>

const crowdSecNames: readonly (readonly [theirs: string, ours: string])[] = [
  ['Meta.source_ip', 'src_endpoint.ip'],
  ['Meta.source_port', 'src_endpoint.port'],
  ['Meta.destination_ip', 'dst_endpoint.ip'],
  ['Meta.destination_port', 'dst_endpoint.port'],
  ['Meta.dst_port', 'dst_endpoint.port'],
  ['Meta.target_user', 'user.name'],
  ['Meta.username', 'user.name'],
  ['Meta.user', 'user.name'],
  ['Meta.http_status', 'http_response.code'],
  ['Meta.http_verb', 'http_request.http_method'],
  ['Meta.http_user_agent', 'http_request.user_agent'],
  ['Meta.target_fqdn', 'dst_endpoint.hostname'],
  ['Meta.machine', 'device.hostname'],
  ['Meta.exe', 'process.file.path'],
  ['Meta.suricata_alert_signature_id', 'finding_info.uid'],
  ['Parsed.src_port', 'src_endpoint.port'],
  ['Parsed.dst_port', 'dst_endpoint.port'],
  ['Parsed.dst_ip', 'dst_endpoint.ip'],
]
/** What CrowdSec calls a kind of line says how the event ended. */
const crowdSecOutcomes: Readonly<Record<string, Expected>> = {
  'ssh_failed-auth': whole('status', 'Failure'),
  ssh_bad_keyexchange: whole('status', 'Failure'),
  ssh_auth_timeout: whole('status', 'Failure'),
  ssh_refused_conn: whole('status', 'Failure'),
  mikrotik_failed_auth: whole('status', 'Failure'),
  pam_failed_auth: whole('status', 'Failure'),
  bind9_denied: whole('action', 'Denied'),
  pf_drop: whole('action', 'Denied'),
  execve: whole('class_uid', 1007),
  suricata_alert: whole('class_uid', 2004),
}

const nothing = new Set(['', '-', 'N/A'])

function expectedOfCrowdSec(line: string, fields: CrowdSecFields): readonly Expected[] {
  const of = (name: string): string => (nothing.has(fields[name] ?? '') ? '' : (fields[name] ?? ''))
  const found: Expected[] = []
  for (const [theirs, ours] of crowdSecNames) if (of(theirs) !== '') found.push(whole(ours, of(theirs)))
  if (of('Meta.http_path') !== '' && of('Meta.http_verb') !== '')
    found.push({ path: 'http_request.url.url_string', value: of('Meta.http_path'), by: 'end' })
  const outcome = crowdSecOutcomes[of('Meta.log_type')]
  if (outcome !== undefined) found.push(outcome)
  if (of('Meta.sub_type') === 'auth_fail') found.push(whole('status', 'Failure'))
  if (of('Meta.action') === 'reject') found.push(whole('action', 'Denied'))
  const said = of('Enriched.MarshaledTime') || of('Meta.timestamp')
  if (said !== '') found.push(momentOf(line, said))
  return found
}

function momentOf(line: string, said: string): Expected {
  // CrowdSec reads FortiGate's local time as if it were UTC; the line itself says the zone.
  const local = /date=(\S+) time=(\S+) .*tz="([+-]\d\d)(\d\d)"/.exec(line)
  const moment = local === null ? new Date(said) : new Date(`${local[1]}T${local[2]}${local[3]}:${local[4]}`)
  const value = moment.toISOString()
  return { path: 'time', value, by: /\b\d{4}[-/]|\b\d{4}\b.*\d\d:\d\d/.test(line) ? 'whole' : 'moment-without-year' }
}

export function crowdSecPairs(): readonly Pair[] {
  const root = path.join(corpus, 'crowdsec')
  return readdirSync(root).flatMap((folder) => {
    const files = readdirSync(path.join(root, folder)).filter((file) => file.endsWith('.log'))
    const lines = files
      .flatMap((file) => readFileSync(path.join(root, folder, file), 'utf8').split(/\r?\n/))
      .filter((line) => line.trim() !== '')
    const entries = JSON.parse(readFileSync(path.join(root, folder, 'expected.json'), 'utf8')) as {
      stage: string
      fields: CrowdSecFields
    }[]
    const parsed = entries.filter((entry) => entry.stage !== 's00-raw')
    return lines.flatMap((line, at) => {
      const said = parsed.filter(({ fields }) => {
        const message = (fields['Parsed.message'] ?? '').trim()
        return message === '' ? lines.length === 1 : line.trim().endsWith(message)
      })
      const fields: Record<string, string> = Object.assign({}, ...said.map((entry) => entry.fields))
      // A line that CrowdSec's own parser refuses (an iptables line without IN=) is not one of its format.
      if (said.length === 0 && folder === 'iptables-logs') return []
      const parsers = parsersOfFolder[folder] ?? []
      return [
        { folder, name: `${folder}:${at + 1}`, line: { line }, parsers, expected: expectedOfCrowdSec(line, fields) },
      ]
    })
  })
}

// ---- OCSF: <...>/<name>.raw beside <name>.ocsf, and Windows' <name>.event beside <name>.json.

type Tree = { readonly [name: string]: unknown }

/** Some of the examples lack a comma, have one too many, or a comment. */
const mendedJson = (text: string): Tree =>
  JSON.parse(
    text
      .replaceAll(/ {2}\/\/ .*$/gm, '')
      .replaceAll(/,(\s*[}\]])/g, '$1')
      .replaceAll(/(["\d\]}el])(\s*\n\s*")/g, '$1,$2'),
  ) as Tree

function leaf(tree: Tree, at: string): string | number | null {
  let value: unknown = tree
  for (const name of at.split('.')) {
    if (typeof value !== 'object' || value === null) return null
    value = (value as Tree)[name]
  }
  return (typeof value === 'string' && !nothing.has(value)) || typeof value === 'number' ? value : null
}

const ocsfParsers: readonly (readonly [folder: RegExp, parser: string])[] = [
  [/CloudTrail/, 'aws-cloudtrail'],
  [/EKS/, 'kubernetes-audit'],
  [/Route53/, 'aws-route53-resolver'],
  [/VPC/, 'aws-vpc-flow-header'],
  [/WAF/, 'aws-waf'],
  [/Cisco/, 'cisco-asa'],
  [/messagetrace/, 'microsoft-365-message-trace'],
  [/Windows Events/, 'windows-text'],
  [/Okta/, 'okta'],
  [/Zeek/, 'zeek-json'],
]
/** Paths that stand in both. */
const ocsfPaths = [
  'class_uid',
  'activity_name',
  'severity_id',
  'status',
  'action',
  'message',
  'src_endpoint.ip',
  'src_endpoint.port',
  'dst_endpoint.ip',
  'dst_endpoint.port',
  'dst_endpoint.hostname',
  'connection_info.protocol_name',
  'traffic.bytes_in',
  'traffic.bytes_out',
  'duration',
  'actor.user.name',
  'user.name',
  'device.hostname',
  'process.file.path',
  'process.cmd_line',
  'process.pid',
  'query.hostname',
  'query.type',
  'http_request.http_method',
  'http_request.user_agent',
  'http_response.code',
]

function expectedOfOcsf(folder: string, tree: Tree): readonly Expected[] {
  const found: Expected[] = []
  for (const at of ocsfPaths) {
    // Okta's login is the mail address, which is what accounts are searched by; the example has the display name under `name`.
    const email = at.endsWith('user.name') ? leaf(tree, at.replace(/name$/, 'email_addr')) : null
    const value = email ?? leaf(tree, at)
    if (value === null || value === 'Unknown') continue
    // Activity 99 is "other": its name is the source's own word.
    if (at === 'activity_name' && leaf(tree, 'activity_id') === 99) continue
    // Windows' status code stands where OCSF says Success or Failure.
    if (at === 'status' && leaf(tree, 'status_id') === 2) found.push(whole('status', 'Failure'))
    // Durations of Zeek are seconds in the example, milliseconds in the schema.
    else if (at === 'duration' && folder.startsWith('Zeek')) continue
    else found.push(whole(at, value))
  }
  const time = Number(leaf(tree, 'time'))
  if (time > 0) found.push(whole('time', new Date(time < 100_000_000_000 ? time * 1_000 : time).toISOString()))
  return found
}

export function ocsfPairs(): readonly Pair[] {
  const root = path.join(corpus, 'ocsf-examples')
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(?:raw|event)$/.test(file))
  return files.toSorted().map((file) => {
    const raw = readFileSync(path.join(root, file), 'utf8').trim()
    const twin = file.replace(/\.raw$/, '.ocsf').replace(/\.event$/, '.json')
    const tree = mendedJson(readFileSync(path.join(root, twin), 'utf8'))
    const parser = ocsfParsers.find(([folder]) => folder.test(file))?.[1]
    const folder = file
      .split('/')
      .slice(0, file.startsWith('Microsoft') ? 2 : 1)
      .join('/')
    return {
      folder,
      name: file,
      line: lineOf(raw),
      parsers: parser === undefined ? [] : [parser],
      expected: expectedOfOcsf(folder, tree),
    }
  })
}

/** One event is one line: JSON is written on one, and a CSV file's first line is its header. */
function lineOf(raw: string): LineToRead {
  if (raw.startsWith('{')) return { line: JSON.stringify(mendedJson(raw)) }
  const [header = '', line, ...more] = raw.split('\n')
  return line !== undefined && more.length === 0 && /^[a-z_]+,[a-z_]+,/.test(header) ? { line, header } : { line: raw }
}

// ---- SecOps: <product>/cbn/testdata/raw_logs/*.json {raw_logs:{entries:[{data}]}} beside expected_events/*.json.

type SecOpsRaw = { readonly raw_logs: { readonly entries: readonly { readonly data: string }[] } }
type SecOpsEvents = {
  readonly events: readonly {
    readonly event: { readonly timestamp: string; readonly idm: { readonly readOnlyUdm: Tree } }
  }[]
}

const udmNames: readonly (readonly [theirs: string, ours: string])[] = [
  ['principal.user.userid', 'actor.user.name'],
  ['target.port', 'dst_endpoint.port'],
]
const udmParsers: Readonly<Record<string, string>> = {
  HUAWEI_VRP: 'huawei-vrp',
  MANAGE_ENGINE_PAM360: 'manageengine-pam360',
  JAMF_PROTECT_V2: 'jamf-protect',
  TRENDMICRO_VISION_ONE_RISK_EVENTS: 'trend-vision-one',
}

export function secOpsPairs(): readonly Pair[] {
  const root = path.join(corpus, 'secops-udm')
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.includes('/raw_logs/'))
  return files.toSorted().flatMap((file) => {
    const raw = JSON.parse(readFileSync(path.join(root, file), 'utf8')) as SecOpsRaw
    const twin = file.replace('/raw_logs/', '/expected_events/').replace('default_log', 'default_events')
    const { events } = JSON.parse(readFileSync(path.join(root, twin), 'utf8')) as SecOpsEvents
    const product = file.split('/cbn/')[0]?.split('/').at(-1) ?? ''
    const { entries } = raw.raw_logs
    // Where an entry gives several events or none, which belongs to which cannot be told.
    const paired = entries.length === events.length
    return entries.map((entry, at) => {
      const event = paired ? events[at]?.event : undefined
      const expected: Expected[] = []
      if (event !== undefined) {
        expected.push(whole('time', new Date(event.timestamp).toISOString()))
        // Jamf's own machine is the one that acts: its address is the device's.
        const address = leaf(event.idm.readOnlyUdm, 'principal.ip.0')
        if (address !== null)
          expected.push(whole(product.startsWith('JAMF') ? 'device.ip' : 'src_endpoint.ip', address))
        for (const [theirs, ours] of udmNames) {
          const value = leaf(event.idm.readOnlyUdm, theirs)
          if (value !== null) expected.push(whole(ours, value))
        }
      }
      const data = entry.data.replaceAll(/\r?\n\s*/g, ' ').replace(/^"(<.*)"$/, '$1')
      // The rest of an HTTP answer that a line of PAM360 carried on is no event.
      const parser = product === 'MANAGE_ENGINE_PAM360' && !data.startsWith('<') ? undefined : udmParsers[product]
      return {
        folder: product,
        name: `${product}:${at + 1}`,
        line: { line: data },
        parsers: parser === undefined ? [] : [parser],
        expected: parser === undefined ? [] : expected,
      }
    })
  })
}
