import { apiAs, type Desk } from './desk.ts'

/** A line of a FortiGate's traffic log, written by us after its documentation. */
export function firewallLine(line: {
  readonly at: number
  readonly src: string
  readonly dst: string
  readonly port?: number
  readonly action?: string
  readonly user?: string
}): string {
  const time = new Date(line.at).toISOString()
  const user = line.user === undefined ? '' : ` user="${line.user}"`
  return `<189>date=${time.slice(0, 10)} time=${time.slice(11, 19)} devname="edge-1" devid="FGT60F0000000001" eventtime=${line.at}000000 tz="+0000" logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip=${line.src} srcport=51234 srcintf="lan" dstip=${line.dst} dstport=${line.port ?? 443} dstintf="wan"${user} sessionid=42 proto=6 action="${line.action ?? 'accept'}" policyid=7 service="HTTPS" duration=3 sentbyte=1234 rcvdbyte=56789`
}

/** A source with its first key, made as a lead makes them. */
export async function sourceWithKey(desk: Desk, cookie: string, id: string, title = ''): Promise<string> {
  const source = { title, parser: null, timeZone: 'UTC', keepDays: 90, keepBytes: null, silentAfterMinutes: null }
  await apiAs(desk, cookie, 'PUT', `/api/lake/sources/${id}`, { source, seen: null })
  const made = (await apiAs(desk, cookie, 'POST', `/api/lake/sources/${id}/keys`, { name: 'test' })) as unknown as {
    key: string
  }
  return made.key
}

/** Sends lines as a shipper does, and again while the door does not know the key yet. */
export async function sendLines(desk: Desk, source: string, key: string, lines: readonly Uint8Array[]): Promise<void> {
  const body = Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')]))
  const end = Date.now() + 10_000
  for (;;) {
    const response = await fetch(`${desk.origin}/api/logs/${source}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body,
    })
    if (response.ok) return
    if (Date.now() > end) throw new Error(`the log door said ${response.status}: ${await response.text()}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}
