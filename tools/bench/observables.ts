import { extract } from '../../src/observables/extract.ts'
import { hostilePieces, hostileText, proseParagraph } from '../../src/observables/hostile.ts'
import type { BenchResult } from './result.ts'

const mebibyte = 1024 * 1024
const runs = 5

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
  const proseMs = best(prose)
  const mixedMs = best(mixed)
  const bytes = Buffer.byteLength(mixed)
  const speed = bytes / 1e6 / (mixedMs / 1000)
  let worst = { name: '', ratio: 0 }
  for (const [name, piece] of Object.entries(hostilePieces)) {
    const text = hostileText(piece, mebibyte)
    // The prose again each time: on a busy machine the two must be measured side by side.
    const ratio = best(text, 3) / Math.max(proseMs, best(prose, 1))
    if (ratio > worst.ratio) worst = { name, ratio }
  }
  return [
    { name: 'observables: mixed text', value: round(speed), unit: 'MB/s', goal: '>= 20', ok: speed >= 20 },
    {
      name: 'observables: worst of hostile texts against prose',
      value: round(worst.ratio),
      unit: 'times',
      goal: '<= 5',
      ok: worst.ratio <= 5,
      note: `${worst.name}, of ${Object.keys(hostilePieces).length} texts; prose takes ${round(proseMs)} ms per MiB`,
    },
  ]
}

/** The shortest of several runs in milliseconds: everything else on the machine only ever adds. */
function best(text: string, times = runs): number {
  let shortest = Number.POSITIVE_INFINITY
  for (let k = 0; k < times; k++) {
    const from = performance.now()
    extract(text)
    shortest = Math.min(shortest, performance.now() - from)
  }
  return shortest
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
