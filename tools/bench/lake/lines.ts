import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import path from 'node:path'

/**
 * Made-up logs in the shapes and the mix of a middling organisation: two firewalls, Zeek, a proxy, an IDS, Linux and Windows hosts.
 * The same count makes the same bytes, so that every tool of a run reads the same files. Addresses outside are of documentation and
 * benchmark ranges (RFC 5737, RFC 2544); names end in .example and .test.
 */
export const sources = [
  { id: 'fw-edge', parser: 'fortigate', share: 7.0 },
  { id: 'fw-core', parser: 'pan-os', share: 4.0 },
  { id: 'zeek-conn', parser: 'zeek', share: 3.0 },
  { id: 'zeek-dns', parser: 'zeek', share: 2.0 },
  { id: 'linux', parser: 'sshd', share: 2.2 },
  { id: 'proxy', parser: 'squid', share: 1.5 },
  { id: 'ids', parser: 'suricata', share: 1.2 },
  { id: 'windows', parser: 'windows-json', share: 1.15 },
] as const
export type SourceName = (typeof sources)[number]['id']
const shares = sources.reduce((sum, source) => sum + source.share, 0)

/** The logs end here and begin thirty days before. */
export const endMs = Date.UTC(2026, 10, 20)
export const days = 30
const spanMs = days * 86_400_000

/** Numbers below `n`, the same for the same seed (xorshift32). */
export function numbersFrom(seed: number): (n: number) => number {
  let state = seed | 1
  return (n) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % n
  }
}

export const insideOf = (n: number): string => `10.${(n >> 16) & 3}.${(n >> 8) & 255}.${n & 255}`
/** 131,072 addresses of 198.18.0.0/15, set aside for benchmarks. */
export const outsideOf = (n: number): string => `198.${18 + ((n >> 16) & 1)}.${(n >> 8) & 255}.${n & 255}`
export const domainOf = (n: number): string => `${['cdn', 'api', 'www', 'mail'][n & 3]}.site-${n}.example`
export const hashOf = (n: number): string => ((n * 2_654_435_761) % 2 ** 32).toString(16).padStart(8, '0').repeat(8)

type Numbers = (n: number) => number
const inside = (r: Numbers): string => insideOf(r(6_000))
/** Few peers are met often, most of them rarely: the product of two draws. */
const outside = (r: Numbers): string => outsideOf(Math.floor((r(131_072) * r(131_072)) / 131_072))
const domain = (r: Numbers): string => domainOf(Math.floor((r(30_000) * r(30_000)) / 30_000))
const user = (r: Numbers): string => `user${r(3_000)}`
const pick = <T>(r: Numbers, list: readonly T[]): T => list[r(list.length)] as T
const ports = [443, 443, 443, 80, 53, 22, 3389, 445, 8443, 25] as const

const iso = (ms: number): string => new Date(ms).toISOString()

function fortigate(ms: number, r: Numbers): string {
  const t = iso(ms)
  return `<189>date=${t.slice(0, 10)} time=${t.slice(11, 19)} devname="fw-edge-${r(4)}" devid="FGT60F0000000${r(10)}" eventtime=${ms}000000 tz="+0000" logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip=${inside(r)} srcport=${1024 + r(60_000)} srcintf="internal" srcintfrole="lan" dstip=${outside(r)} dstport=${pick(r, ports)} dstintf="wan1" dstintfrole="wan" srccountry="Reserved" dstcountry="Germany" sessionid=${r(2 ** 30)} proto=6 action="${pick(r, ['accept', 'close', 'close', 'deny', 'timeout'])}" policyid=${r(60)} policytype="policy" service="HTTPS" trandisp="snat" transip=192.0.2.${r(8)} transport=${r(60_000)} duration=${r(300)} sentbyte=${r(100_000)} rcvdbyte=${r(1_000_000)} sentpkt=${r(100)} rcvdpkt=${r(1_000)} appcat="unscanned" user="${user(r)}"`
}

function panOs(ms: number, r: Numbers): string {
  const t = iso(ms).slice(0, 19).replace('T', ' ').replaceAll('-', '/')
  const [bytesOut, bytesIn] = [r(100_000), r(1_000_000)]
  return `<14>${rfc3164(ms)} fw-core-${r(2)}.example.net 1,${t},0123010000${r(90) + 10},TRAFFIC,end,2561,${t},${inside(r)},${outside(r)},192.0.2.9,${outside(r)},allow-web,example\\${user(r)},,ssl,vsys1,trust,untrust,ethernet1/2,ethernet1/1,log-all,${t},${r(2 ** 20)},1,${1024 + r(60_000)},${pick(r, ports)},${r(60_000)},443,0x400053,tcp,${pick(r, ['allow', 'allow', 'allow', 'deny', 'drop'])},${bytesIn + bytesOut},${bytesOut},${bytesIn},${r(900)},${t},${r(600)},computer-and-internet-info,,${r(2 ** 30)},0x0,10.0.0.0-10.255.255.255,Germany,,${r(400)},${r(500)},tcp-fin,0,0,0,0,,fw-core,from-policy`
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
function rfc3164(ms: number): string {
  const at = new Date(ms)
  return `${months[at.getUTCMonth()]} ${String(at.getUTCDate()).padStart(2, ' ')} ${iso(ms).slice(11, 19)}`
}

const uid = (r: Numbers): string => `C${r(2 ** 31).toString(36)}${r(2 ** 31).toString(36)}`

function zeekConn(ms: number, r: Numbers): string {
  return `{"_path":"conn","ts":${(ms / 1_000).toFixed(6)},"uid":"${uid(r)}","id.orig_h":"${inside(r)}","id.orig_p":${1024 + r(60_000)},"id.resp_h":"${outside(r)}","id.resp_p":${pick(r, ports)},"proto":"tcp","service":"ssl","duration":${r(100_000) / 1_000},"orig_bytes":${r(100_000)},"resp_bytes":${r(1_000_000)},"conn_state":"${pick(r, ['SF', 'SF', 'S0', 'REJ'])}","local_orig":true,"local_resp":false,"missed_bytes":0,"history":"ShADadFf","orig_pkts":${r(100)},"orig_ip_bytes":${r(100_000)},"resp_pkts":${r(1_000)},"resp_ip_bytes":${r(1_000_000)}}`
}

function zeekDns(ms: number, r: Numbers): string {
  return `{"_path":"dns","ts":${(ms / 1_000).toFixed(6)},"uid":"${uid(r)}","id.orig_h":"${inside(r)}","id.orig_p":${1024 + r(60_000)},"id.resp_h":"10.0.0.53","id.resp_p":53,"proto":"udp","trans_id":${r(65_536)},"rtt":${r(100) / 1_000},"query":"${domain(r)}","qclass":1,"qclass_name":"C_INTERNET","qtype":1,"qtype_name":"A","rcode":0,"rcode_name":"NOERROR","AA":false,"TC":false,"RD":true,"RA":true,"Z":0,"answers":["${outside(r)}"],"TTLs":[${r(3_600)}.0],"rejected":false}`
}

function linux(ms: number, r: Numbers): string {
  const head = `${rfc3164(ms)} srv-${r(400)}`
  const from = r(3) === 0 ? outside(r) : inside(r)
  switch (r(5)) {
    case 0:
      return `<86>${head} sshd[${1_000 + r(60_000)}]: Accepted publickey for ${user(r)} from ${from} port ${1024 + r(60_000)} ssh2: ED25519 SHA256:${hashOf(r(2 ** 20)).slice(0, 43)}`
    case 1:
      return `<86>${head} sshd[${1_000 + r(60_000)}]: Failed password for ${r(2) === 0 ? 'invalid user ' : ''}${user(r)} from ${from} port ${1024 + r(60_000)} ssh2`
    case 2:
      return `<86>${head} sudo: ${user(r)} : TTY=pts/${r(9)} ; PWD=/home ; USER=root ; COMMAND=/usr/bin/systemctl restart app-${r(40)}`
    case 3:
      return `<30>${head} systemd[1]: Started app-${r(40)}.service - Application ${r(40)}.`
    default:
      return `<78>${head} CRON[${1_000 + r(60_000)}]: (root) CMD (/usr/local/bin/rotate --keep ${r(30)})`
  }
}

function proxy(ms: number, r: Numbers): string {
  return `${(ms / 1_000).toFixed(3)} ${String(r(9_000)).padStart(6, ' ')} ${inside(r)} TCP_${pick(r, ['MISS', 'HIT', 'DENIED', 'TUNNEL'])}/${pick(r, [200, 200, 304, 403, 404])} ${r(500_000)} ${pick(r, ['GET', 'POST', 'CONNECT'])} http://${domain(r)}/assets/${r(100_000).toString(36)}/index.html?id=${r(2 ** 20)} ${user(r)} HIER_DIRECT/${outside(r)} text/html`
}

function ids(ms: number, r: Numbers): string {
  const from = `"timestamp":"${iso(ms).slice(0, 23)}000+0000","flow_id":${r(2 ** 31)}${r(1_000)},"in_iface":"eth1"`
  const pair = `"src_ip":"${inside(r)}","src_port":${1024 + r(60_000)},"dest_ip":"${outside(r)}","dest_port":${pick(r, ports)},"proto":"TCP"`
  if (r(12) === 0)
    return `{${from},"event_type":"alert",${pair},"alert":{"action":"allowed","gid":1,"signature_id":${2_000_000 + r(900)},"rev":3,"signature":"EXAMPLE suspicious request ${r(900)}","category":"Potentially Bad Traffic","severity":${1 + r(3)}},"app_proto":"http"}`
  return `{${from},"event_type":"flow",${pair},"app_proto":"tls","flow":{"pkts_toserver":${r(100)},"pkts_toclient":${r(1_000)},"bytes_toserver":${r(100_000)},"bytes_toclient":${r(1_000_000)},"start":"${iso(ms - 1_000).slice(0, 23)}000+0000","end":"${iso(ms).slice(0, 23)}000+0000","age":1,"state":"closed","reason":"timeout","alerted":false}}`
}

const programs = [
  'powershell.exe',
  'cmd.exe',
  'svchost.exe',
  'rundll32.exe',
  'chrome.exe',
  'excel.exe',
  'wmic.exe',
  'net.exe',
]
const parents = ['explorer.exe', 'services.exe', 'cmd.exe', 'winword.exe', 'svchost.exe']
function windows(ms: number, r: Numbers): string {
  const host = `ws-${r(1_500)}.halden.example`
  const head = `"@timestamp":"${iso(ms)}","host":{"name":"${host}"}`
  if (r(3) === 0)
    return `{${head},"winlog":{"channel":"Security","provider_name":"Microsoft-Windows-Security-Auditing","event_id":"${pick(r, [4624, 4625, 4634, 4672])}","computer_name":"${host}","record_id":${r(2 ** 31)},"event_data":{"TargetUserName":"${user(r)}","TargetDomainName":"HALDEN","LogonType":"${pick(r, [2, 3, 10])}","IpAddress":"${inside(r)}","IpPort":"${r(65_536)}","LogonProcessName":"NtLmSsp","WorkstationName":"WS-${r(1_500)}"}},"event":{"code":"4624","provider":"Microsoft-Windows-Security-Auditing"},"message":"An account was successfully logged on."}`
  const program = pick(r, programs)
  return `{${head},"winlog":{"channel":"Microsoft-Windows-Sysmon/Operational","provider_name":"Microsoft-Windows-Sysmon","event_id":"1","computer_name":"${host}","record_id":${r(2 ** 31)},"event_data":{"UtcTime":"${iso(ms).slice(0, 23).replace('T', ' ')}","ProcessGuid":"{${hashOf(r(2 ** 30)).slice(0, 32)}}","ProcessId":"${r(30_000)}","Image":"C:\\\\Windows\\\\System32\\\\${program}","FileVersion":"10.0.19041.1","OriginalFileName":"${program}","CommandLine":"\\"C:\\\\Windows\\\\System32\\\\${program}\\" /c run --job ${r(5_000)} --out C:\\\\Temp\\\\${r(5_000)}.tmp","CurrentDirectory":"C:\\\\Users\\\\${user(r)}\\\\","User":"HALDEN\\\\${user(r)}","IntegrityLevel":"Medium","Hashes":"SHA256=${hashOf(r(40_000))}","ParentImage":"C:\\\\Windows\\\\${pick(r, parents)}","ParentCommandLine":"C:\\\\Windows\\\\${pick(r, parents)} -k"}},"event":{"code":"1","provider":"Microsoft-Windows-Sysmon"}}`
}

const lineOf: Record<SourceName, (ms: number, r: Numbers) => string> = {
  'fw-edge': fortigate,
  'fw-core': panOs,
  'zeek-conn': zeekConn,
  'zeek-dns': zeekDns,
  linux,
  proxy,
  ids,
  windows,
}

export type Written = {
  readonly source: SourceName
  readonly file: string
  readonly lines: number
  readonly bytes: number
}

async function write(file: string, count: number, lineAt: (at: number) => string): Promise<number> {
  const out = createWriteStream(file, { highWaterMark: 4 * 1024 * 1024 })
  let bytes = 0
  for (let from = 0; from < count; from += 2_000) {
    let text = ''
    for (let at = from; at < Math.min(count, from + 2_000); at += 1) text += `${lineAt(at)}\n`
    bytes += text.length // All of it is ASCII.
    if (!out.write(text)) await once(out, 'drain')
  }
  out.end()
  await once(out, 'close')
  return bytes
}

/** About `events` lines, a file for each source, in the order of their times. */
export async function writeLogs(folder: string, events: number): Promise<readonly Written[]> {
  const written: Written[] = []
  for (const [index, source] of sources.entries()) {
    const r = numbersFrom(7_919 * (index + 1))
    const lines = Math.round((events * source.share) / shares)
    const file = path.join(folder, `${source.id}.log`)
    const bytes = await write(file, lines, (at) =>
      lineOf[source.id](endMs - spanMs + Math.floor((at / lines) * spanMs), r),
    )
    written.push({ source: source.id, file, lines, bytes })
  }
  return written
}

/** The same mix in one file, line by line, as one collector gets it from everybody. */
export async function writeMixed(
  file: string,
  events: number,
): Promise<{ readonly lines: number; readonly bytes: number }> {
  const r = numbersFrom(104_729)
  const choose = numbersFrom(1_299_709)
  const bytes = await write(file, events, (at) => {
    let draw = (choose(10_000) / 10_000) * shares
    const source = sources.find((one) => (draw -= one.share) < 0) ?? sources[0]
    return lineOf[source.id](endMs - spanMs + Math.floor((at / events) * spanMs), r)
  })
  return { lines: events, bytes }
}
