import { extract } from '../../src/observables/extract.ts'
import { hostilePieces, hostileText, proseParagraph } from '../../src/observables/hostile.ts'
import type { BenchResult } from './result.ts'

const mebibyte = 1024 * 1024
const runs = 20
const rounds = 4
const runsOfProse = 3

/** What a mailbox of alerts is made of: prose, a table of indicators, log lines, a process tree, JSON. Written for this purpose. */
const indicators = `Source ......: 203.0.113.62:48122 (AS64496)   Destination: 192.0.2.19:443 -> 10.20.4.11 (vpn.harbour-tools.example.com)
The page hxxps://login[.]harbour-invoices[.]com/owa/next.php?id=7 was opened by HARBOUR\\m.keller on WKS-2207 at 09:14.
| invoice_2025.docm | 5f6b1c0e7a3d9842c4b1e0aa6d7f3b2915c8e4d0a7b6f59381d2c3e4f5a60718 | T1566.001 |
File C:\\ProgramData\\Northlight\\updater.dat was written, then HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\Northlight was set.
198.51.100.71 - - [12/Oct/2025:23:41:07 +0100] "GET /files/x7.php?c=id HTTP/1.1" 200 54 "-" "python-requests/2.31.0"
{"timestamp":"2025-10-12T22:41:07.221Z","src_ip":"198.51.100.71","dest_ip":"172.20.8.15","dest_port":80,"md5":"8a5edab282632443219e051e4ade2d1d"}
Please write to soc@harbour-tools.com about CVE-2025-31324; the advisory is at https://www.harbour-tools.com/advisories/2025/31324.html.
`

export async function bench(): Promise<BenchResult[]> {
  const prose = hostileText(proseParagraph, mebibyte)
  const mixed = hostileText(proseParagraph + indicators, mebibyte)
  for (const text of [prose, mixed]) extract(text)
  const mixedMs = mean(mixed, runs)
  const speed = Buffer.byteLength(mixed) / 1e6 / (mixedMs / 1000)
  let worst = { name: '', ratio: 0, proseMs: 0 }
  for (const [name, piece] of Object.entries(hostilePieces)) {
    const text = hostileText(piece, mebibyte)
    extract(text)
    let hostileMs = 0
    let proseMs = 0
    // Side by side, because a machine with other work is not as fast now as it was a moment ago.
    for (let k = 0; k < rounds; k++) {
      proseMs += mean(prose, runsOfProse)
      hostileMs += mean(text, 1)
    }
    const ratio = hostileMs / proseMs
    if (ratio > worst.ratio) worst = { name, ratio, proseMs: proseMs / rounds }
  }
  return [
    { name: 'observables: mixed text', value: round(speed), unit: 'MB/s', goal: '>= 20', ok: speed >= 20 },
    {
      name: 'observables: worst of hostile texts against prose',
      value: round(worst.ratio),
      unit: 'times',
      goal: '<= 5',
      ok: worst.ratio <= 5,
      note: `${worst.name}, of ${Object.keys(hostilePieces).length} texts; prose took ${round(worst.proseMs)} ms per MiB beside it`,
    },
  ]
}

/**
 * The mean of several runs in milliseconds of this thread's processor time. On a machine that does other work at the same
 * time, the wall clock measures the others; and since the kernel counts in ticks of four milliseconds, single runs say nothing.
 */
function mean(text: string, times: number): number {
  const from = process.threadCpuUsage()
  for (let k = 0; k < times; k++) extract(text)
  const { user, system } = process.threadCpuUsage(from)
  return (user + system) / 1000 / times
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
