import { apiAs, type Desk, until } from '../../test/desk.ts'
import { firewallLine, sendLines, sourceWithKey } from '../../test/log-lines.ts'

const minute = 60_000
const day = 86_400_000
/** As many as a small office's firewall says in two days, one in a hundred. */
const linesPerSource = 3_000

/** Always the same numbers, so that the pictures of two days differ only where the pages do. */
function dice(seed: number): (sides: number) => number {
  let state = seed
  return (sides) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return Math.floor((state / 2 ** 31) * sides)
  }
}

/** Busy by day, quiet by night. */
function momentOf(n: number, now: number, roll: (sides: number) => number): number {
  const at = now - (n / linesPerSource) * 2 * day
  const hour = new Date(at).getUTCHours()
  return at - (hour > 6 && hour < 18 ? roll(5) : roll(240)) * minute
}

function resolverLine(at: number, client: string, name: string): string {
  const time = new Date(at)
  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
  const clock = `${String(time.getUTCDate()).padStart(2, '0')}-${months[time.getUTCMonth()]}-${time.getUTCFullYear()} ${time.toISOString().slice(11, 23)}`
  return `${clock} queries: info: client @0x7f1c2c0a1b68 ${client}#53211 (${name}): query: ${name} IN A +E(0)K (192.0.2.53)`
}

function signInLine(at: number, host: string, user: string, from: string, works: boolean): string {
  const time = new Date(at).toISOString()
  return `<38>1 ${time} ${host} sshd 4711 - - ${works ? 'Accepted publickey' : 'Failed password'} for ${user} from ${from} port 50122 ssh2`
}

/** Two days of logs of four sources, sent through the door as shippers send them; what comes is what the pages show. */
export async function seedLogs(desk: Desk, cookie: string): Promise<void> {
  const roll = dice(7)
  const now = Date.now()
  const users = ['mweiss', 'jlind', 'svc-backup', 'root']
  const names = ['www.example.com', 'update.example.net', 'mail.halden.example', 'cdn.example.org', 'login.example.net']
  const made: Record<string, { readonly title: string; readonly line: (at: number, n: number) => string }> = {
    'fw-1': {
      title: 'Firewall of the main site',
      line: (at) =>
        firewallLine({
          ...{ at, src: `10.20.3.${roll(60) + 2}`, port: [443, 443, 443, 22, 3389, 8080][roll(6)] ?? 443 },
          dst: ['203.0.113.9', '203.0.113.77', '198.51.100.7', '198.51.100.23'][roll(4)] ?? '203.0.113.9',
          action: roll(9) === 0 ? 'deny' : 'accept',
        }),
    },
    'dns-1': { title: 'Resolvers', line: (at) => resolverLine(at, `10.20.3.${roll(60) + 2}`, names[roll(5)] ?? '') },
    linux: {
      title: 'Linux servers',
      line: (at) =>
        signInLine(at, `build-0${roll(8) + 1}`, users[roll(4)] ?? 'root', `10.20.9.${roll(40)}`, roll(12) !== 0),
    },
    badge: { title: 'Door badges', line: (_at, n) => `DOOR ${roll(12) + 1} badge ${1000 + roll(60)} opened (${n})` },
  }
  for (const [id, { title, line }] of Object.entries(made)) {
    const key = await sourceWithKey(desk, cookie, id, title)
    const lines = Array.from({ length: linesPerSource }, (_, n) => {
      const at = momentOf(n, now, roll)
      return { at, text: line(at, n) }
    })
    const sent = lines.toSorted((a, b) => a.at - b.at).map(({ text }) => Buffer.from(text))
    await sendLines(desk, id, key, id === 'badge' ? sent.slice(0, 40) : sent)
  }
  await until(
    'the logs to be found',
    async () => {
      const { sources } = (await apiAs(desk, cookie, 'GET', '/api/lake/sources')) as unknown as {
        sources: { events: number }[]
      }
      return sources.reduce((sum, one) => sum + one.events, 0) === 3 * linesPerSource + 40
    },
    120_000,
  )
}
