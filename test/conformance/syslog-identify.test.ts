import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { loadLogParsers, loadSignatures } from '../../src/lake/parse/parser-files.ts'
import { parseRig, type ReadLine } from '../parse.ts'

const file = path.resolve(
  import.meta.dirname,
  '..',
  '..',
  '..',
  'shared',
  'corpus',
  'logs',
  'syslog-identify',
  'cases.json',
)

const Case = z.object({
  message: z.string(),
  expected: z.object({ sourcetype: z.string(), host: z.string().optional(), time_epoch_s: z.number().optional() }),
})

/** Splunk's name of a kind of log -> our vendor:product. Where theirs says which log of a product it is, ours says which product. */
const products: readonly (readonly [sourcetype: RegExp, product: RegExp])[] = [
  [/^barracuda:wf/, /^barracuda:waf$/],
  [/^cp_log/, /^check-point:/],
  [/^cisco:(?:asa|pix|fwsm)$/, /^cisco:asa$/],
  [/^cisco:dna$/, /^cisco:dna-center$/],
  [/^cisco:ise:/, /^cisco:ise$/],
  [/^cisco:esa:/, /^cisco:esa$/],
  [/^cisco:ms$/, /^cisco:meeting-server$/],
  [/^cisco:tvcs$/, /^cisco:telepresence-vcs$/],
  [/^cisco:(\w+)/, /^cisco:$1$/],
  [/^citrix:netscaler:appfw/, /^citrix:netscaler-appfw$/],
  [/^citrix:netscaler/, /^citrix:(?:netscaler|sdx)$/],
  [/^clearswift/, /^clearswift:/],
  [/^cyberark:epv/, /^cyberark:vault$/],
  [/^cyberark:pta/, /^cyberark:pta$/],
  [/^syslog_(?:exploit|threat|device|audit|app_control|protect)/, /^cylance:protect$/],
  [/^fe_cef/, /^fireeye:cms$/],
  [/^hx_/, /^fireeye:hx$/],
  [/^fe_etp/, /^fireeye:etp$/],
  [/^fwb_/, /^fortinet:fortiweb$/],
  [/^fml:/, /^fortinet:fortimail$/],
  [/^fgt_|^fortigate/, /^fortinet:forti(?:gate|os)$/],
  [/^hpe:ilo/, /^hpe:ilo$/],
  [/^infoblox:dns/, /^infoblox:nios-dns$/],
  [/^infoblox:threatprotect/, /^infoblox:nios-threat-protect$/],
  [/^juniper:junos:firewall/, /^juniper:junos-firewall$/],
  [/^juniper:junos:(idp|aamw|secintel)/, /^juniper:junos-$1$/],
  [/^juniper:/, /^juniper:junos$/],
  [/^netscreen:/, /^juniper:netscreen$/],
  [/^nix:syslog/, /^(?:linux|openbsd|todd-miller|sudo|isc|netgate):|^$/],
  [/^netapp:/, /^netapp:/],
  [/^nutanix:/, /^nutanix:/],
  [/^opswat:/, /^opswat:/],
  [/^pan:/, /^palo-alto:pan-os$/],
  [/^pfsense:/, /^netgate:pfsense$/],
  [/^ricoh:/, /^ricoh:mfp$/],
  [/^secureauth:/, /^secureauth:/],
  [/^semperis:/, /^semperis:/],
  [/^sophos:webappliance/, /^sophos:web-appliance$/],
  [/^spectracom:/, /^spectracom:/],
  [/^symantec:smg:mail/, /^symantec:messaging-gateway-mail$/],
  [/^symantec:smg/, /^symantec:messaging-gateway$/],
  [/^symantec:dlp/, /^symantec:dlp$/],
  [/^symantec:ep:/, /^symantec:endpoint-protection$/],
  [/^bluecoat:/, /^broadcom:proxysg$/],
  [/^deepsecurity/, /^trend-micro:deep-security$/],
  [/^varonis:/, /^varonis:/],
  [/^veeam:/, /^veeam:/],
  [/^vmware:esxlog/, /^vmware:esxi$/],
  [/^vmware:nsxlog:nsx/, /^vmware:nsx$/],
  [/^vmware:nsxlog|^vmware:vclog:firewall-pktlog/, /^vmware:nsx-firewall$/],
  [/^vmware:vclog/, /^vmware:vcenter$/],
  [/^vmware:horizon/, /^vmware:horizon$/],
  [/^vmware:cb:protect/, /^vmware:carbon-black-protection$/],
  // "cef" is what they call a vendor that they have no name for: the message's own header names it, and ours is that.
  [/^cef$/, /^(?!generic:)[^:]+:.+$/],
]

function isProduct(sourcetype: string, product: string): boolean {
  const entry = products.find(([theirs]) => theirs.test(sourcetype))
  if (entry === undefined) return false
  const group = entry[0].exec(sourcetype)?.[1] ?? ''
  return new RegExp(entry[1].source.replace('$1', group)).test(product)
}

const epochOf = (text: unknown): number => Date.parse(`${String(text).replace(' ', 'T')}Z`) / 1000

describe.skipIf(!existsSync(file))('what sent a syslog line, which host and when', () => {
  const cases = existsSync(file) ? z.array(Case).parse(JSON.parse(readFileSync(file, 'utf8'))) : []
  let rig: Awaited<ReturnType<typeof parseRig>>
  let lines: readonly ReadLine[] = []

  beforeAll(async () => {
    rig = await parseRig(await loadLogParsers(), await loadSignatures())
    lines = await rig.read(
      cases.map(({ message }) => ({ line: message, peer: '' })),
      { received: '2026-03-14 09:27:00' },
    )
  }, 120_000)
  afterAll(() => rig.close())

  /** Share of the cases that are right, and those that are not, for the message of a failing test. */
  const share = (
    right: readonly (readonly [ok: boolean, why: string])[],
  ): { readonly share: number; readonly wrong: readonly string[] } => ({
    share: right.filter(([ok]) => ok).length / right.length,
    wrong: right.flatMap(([ok, why]) => (ok ? [] : [why])),
  })

  test('product in at least 95 of 100', () => {
    const { share: right, wrong } = share(
      cases.map(({ expected, message }, at) => {
        const product = String(lines[at]?.event['product'])
        return [
          isProduct(expected.sourcetype, product),
          `${expected.sourcetype}: ${product} | ${message.slice(0, 120)}`,
        ]
      }),
    )
    expect(right, wrong.join('\n')).toBeGreaterThanOrEqual(0.95)
  })

  test('host in at least 95 of 100', () => {
    const { share: right, wrong } = share(
      cases.flatMap(({ expected, message }, at) => {
        if (expected.host === undefined) return []
        // The syslog header's, where it has one; a line without header says it itself.
        const host = String(lines[at]?.header['host']) || String(lines[at]?.event['device_hostname'])
        return [[host === expected.host, `${host} | ${message.slice(0, 120)}`] as const]
      }),
    )
    expect(right, wrong.join('\n')).toBeGreaterThanOrEqual(0.95)
  })

  test('time in at least 95 of 100', () => {
    const { share: right, wrong } = share(
      cases.flatMap(({ expected, message }, at) => {
        if (expected.time_epoch_s === undefined) return []
        const header = epochOf(lines[at]?.header['header_time'])
        const time = header > 0 ? header : epochOf(lines[at]?.event['time'])
        // They round half a second up.
        return [[Math.abs(time - expected.time_epoch_s) <= 1, `${time} | ${message.slice(0, 120)}`] as const]
      }),
    )
    expect(right, wrong.join('\n')).toBeGreaterThanOrEqual(0.95)
  })
})
