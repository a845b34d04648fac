import { readFile } from 'node:fs/promises'

/** One line of /proc/net/udp: the local port as four hex digits, the receive queue's drops as the last column. */
const row = /^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) .* (\d+)\s*$/gm

/**
 * Datagrams that Linux dropped since the socket was opened, because its receive buffer was full; null where the system does not tell.
 * Sums up all sockets of this port, of IPv4 and IPv6.
 */
export async function kernelDrops(port: number): Promise<number | null> {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  let drops: number | null = null
  for (const file of ['/proc/net/udp', '/proc/net/udp6']) {
    const table = await tableOf(file)
    for (const [, local, dropped] of table.matchAll(row)) if (local === wanted) drops = (drops ?? 0) + Number(dropped)
  }
  return drops
}

async function tableOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'latin1')
  } catch {
    // Another system than Linux, or one without IPv6: there is no such table, and so no row.
    return ''
  }
}
