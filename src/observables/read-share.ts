import { isIpv4 } from './addresses.ts'
import type { Scanner } from './scanner.ts'

/** The address of the server in `\\192.0.2.1\share`, which is worth asking about by itself. */
export function readAddressIn(scanner: Scanner, start: number, end: number): void {
  const match = /^(\\+)(\d{1,3}(?:\.\d{1,3}){3})\\/.exec(scanner.text.slice(start, end))
  if (match === null || !isIpv4(match[2] as string)) return
  const from = start + (match[1] as string).length
  scanner.add('ipv4', match[2] as string, from, from + (match[2] as string).length)
}
