import ipaddr from 'ipaddr.js'

type Value = string | number | { readonly [key: string]: Value } | readonly Value[]

/** A small writer of MaxMind's DB format 2.0 (https://maxmind.github.io/MaxMind-DB/), for made-up databases of tests. */
export function mmdbOf(
  entries: Readonly<Record<string, Value>>,
  about: { readonly type: string; readonly builtAt: Date; readonly ipVersion?: 4 | 6 },
): Buffer {
  const ipVersion = about.ipVersion ?? 6
  type Node = [Node | Buffer | null, Node | Buffer | null]
  const root: Node = [null, null]
  for (const [cidr, value] of Object.entries(entries)) {
    const [address, length] = ipaddr.parseCIDR(cidr)
    const is4 = address.kind() === 'ipv4'
    const bytes =
      ipVersion === 6 && is4 ? [...Array<number>(12).fill(0), ...address.toByteArray()] : address.toByteArray()
    const bits = length + (ipVersion === 6 && is4 ? 96 : 0)
    let node = root
    for (let at = 0; at < bits; at++) {
      const side = ((bytes[at >> 3] ?? 0) >> (7 - (at & 7))) & 1
      if (at === bits - 1) node[side] = encoded(value)
      else {
        const next = node[side]
        if (Array.isArray(next)) node = next
        else node = node[side] = [null, null]
      }
    }
  }
  const nodes: Node[] = []
  const number = (node: Node): void => {
    nodes.push(node)
    for (const side of node) if (Array.isArray(side)) number(side)
  }
  number(root)
  const data: Buffer[] = []
  let dataBytes = 0
  const tree = Buffer.alloc(nodes.length * 8)
  for (const [at, node] of nodes.entries())
    for (const [side, next] of node.entries()) {
      let record = nodes.length
      if (Array.isArray(next)) record = nodes.indexOf(next)
      else if (next !== null) {
        record = nodes.length + 16 + dataBytes
        data.push(next)
        dataBytes += next.length
      }
      tree.writeUInt32BE(record, at * 8 + side * 4)
    }
  const metadata = encoded({
    ...{ binary_format_major_version: 2, binary_format_minor_version: 0, database_type: about.type },
    ...{ build_epoch: Math.floor(about.builtAt.getTime() / 1000), description: { en: 'made up' }, languages: ['en'] },
    ...{ ip_version: ipVersion, node_count: nodes.length, record_size: 32 },
  })
  return Buffer.concat([tree, Buffer.alloc(16), ...data, Buffer.from('abcdef4d61784d696e642e636f6d', 'hex'), metadata])
}

function control(type: number, size: number): Buffer {
  if (size > 284) throw new RangeError('larger than a test needs')
  const [low, more] = size < 29 ? [size, []] : [29, [size - 29]]
  return Buffer.from(type > 7 ? [low, type - 7, ...more] : [(type << 5) | low, ...more])
}

function encoded(value: Value): Buffer {
  if (typeof value === 'string') return Buffer.concat([control(2, Buffer.byteLength(value)), Buffer.from(value)])
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
    return Buffer.concat([control(6, 4), bytes])
  }
  if (Array.isArray(value))
    return Buffer.concat([control(11, value.length), ...(value as readonly Value[]).map(encoded)])
  const members = Object.entries(value as { readonly [key: string]: Value })
  return Buffer.concat([control(7, members.length), ...members.flatMap(([key, one]) => [encoded(key), encoded(one)])])
}
