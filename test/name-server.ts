import { createSocket, type RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

export type NameServer = {
  /** As it stands in `dnsServers` of the settings: "127.0.0.1:5353". */
  readonly address: string
  readonly stop: () => Promise<void>
}

const typeTxt = 16
const noSuchName = 3

/** A question of RFC 1035, 4.1.2: the name, its type, and the bytes it took. */
function questionIn(query: Buffer): { readonly name: string; readonly type: number; readonly bytes: Buffer } {
  const labels: string[] = []
  let at = 12
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += length + 1
  }
  return {
    name: labels.join('.').toLowerCase(),
    type: query.readUInt16BE(at + 1),
    bytes: query.subarray(12, at + 5),
  }
}

/** One TXT record, its text in pieces of 255 bytes; the name is a pointer to the question. */
function txtRecord(text: string): Buffer {
  const pieces: Buffer[] = []
  for (let at = 0; at < text.length; at += 255) {
    const piece = Buffer.from(text.slice(at, at + 255), 'latin1')
    pieces.push(Buffer.from([piece.length]), piece)
  }
  const data = Buffer.concat(pieces)
  const head = Buffer.from([0xc0, 0x0c, 0, typeTxt, 0, 1, 0, 0, 0, 60, 0, 0])
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}

/** A DNS server on loopback that knows these TXT records and no other name: where our providers publish their keys. */
export async function startNameServer(texts: Readonly<Record<string, string>>): Promise<NameServer> {
  const socket = createSocket('udp4')
  socket.on('message', (query: Buffer, from: RemoteInfo) => {
    const { name, type, bytes } = questionIn(query)
    const text = texts[name]
    const found = text !== undefined && type === typeTxt
    const header = Buffer.alloc(12)
    header.writeUInt16BE(query.readUInt16BE(0), 0)
    header.writeUInt16BE(0x8180 | (text === undefined ? noSuchName : 0), 2)
    header.writeUInt16BE(1, 4)
    header.writeUInt16BE(found ? 1 : 0, 6)
    socket.send(Buffer.concat([header, bytes, ...(found ? [txtRecord(text)] : [])]), from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address() as AddressInfo
  return {
    address: `127.0.0.1:${port}`,
    stop: async () => {
      socket.close()
      await once(socket, 'close')
    },
  }
}
