/**
 * QR codes (ISO/IEC 18004), as far as a link for an authenticator needs them: bytes, error correction M, versions 1 to 10
 * (213 bytes). Ours because the secret must not go to anybody who draws codes as a service.
 */

/** For error correction M and versions 1..10: check bytes in a block, and blocks. ISO/IEC 18004 table 9. */
const checkBytes = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26] as const
const blockCounts = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5] as const
const totalBytes = [26, 44, 70, 100, 134, 172, 196, 242, 292, 346] as const

/** Multiplication in GF(2^8) over x^8 + x^4 + x^3 + x^2 + 1. */
function times(a: number, b: number): number {
  let product = 0
  for (let bit = 7; bit >= 0; bit--) {
    product = (product << 1) ^ ((product >>> 7) * 0x11d)
    product ^= ((b >>> bit) & 1) * a
  }
  return product
}

/** Reed-Solomon check bytes of one block. */
function checkOf(data: readonly number[], count: number): number[] {
  const divisor = new Array<number>(count).fill(0)
  divisor[count - 1] = 1
  let root = 1
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) divisor[j] = times(divisor[j] ?? 0, root) ^ (divisor[j + 1] ?? 0)
    root = times(root, 2)
  }
  const rest = new Array<number>(count).fill(0)
  for (const byte of data) {
    const factor = byte ^ (rest.shift() ?? 0)
    rest.push(0)
    for (const [i, part] of divisor.entries()) rest[i] = (rest[i] ?? 0) ^ times(part, factor)
  }
  return rest
}

/** Data and check bytes of all blocks, interleaved as they are drawn. */
function codewords(text: Uint8Array, version: number): number[] {
  const blocks = blockCounts[version - 1] ?? 1
  const check = checkBytes[version - 1] ?? 10
  const total = totalBytes[version - 1] ?? 26
  const capacity = total - blocks * check
  const bits: number[] = []
  const put = (value: number, count: number) => {
    for (let bit = count - 1; bit >= 0; bit--) bits.push((value >>> bit) & 1)
  }
  put(4, 4)
  put(text.length, version < 10 ? 8 : 16)
  for (const byte of text) put(byte, 8)
  put(0, Math.min(4, capacity * 8 - bits.length))
  put(0, (8 - (bits.length % 8)) % 8)
  for (let pad = 0xec; bits.length < capacity * 8; pad ^= 0xec ^ 0x11) put(pad, 8)
  const data = Array.from({ length: capacity }, (_, i) => Number.parseInt(bits.slice(i * 8, i * 8 + 8).join(''), 2))
  const short = Math.floor(total / blocks) - check
  const shortBlocks = blocks - (total % blocks)
  const parts: { data: number[]; check: number[] }[] = []
  for (let block = 0, at = 0; block < blocks; block++) {
    const length = short + (block < shortBlocks ? 0 : 1)
    const piece = data.slice(at, at + length)
    parts.push({ data: piece, check: checkOf(piece, check) })
    at += length
  }
  const woven: number[] = []
  for (let i = 0; i <= short; i++) for (const part of parts) if (i < part.data.length) woven.push(part.data[i] ?? 0)
  for (let i = 0; i < check; i++) for (const part of parts) woven.push(part.check[i] ?? 0)
  return woven
}

class Grid {
  readonly size: number
  readonly dark: boolean[][]
  readonly fixed: boolean[][]
  constructor(version: number) {
    this.size = version * 4 + 17
    this.dark = Array.from({ length: this.size }, () => new Array<boolean>(this.size).fill(false))
    this.fixed = Array.from({ length: this.size }, () => new Array<boolean>(this.size).fill(false))
  }
  set(x: number, y: number, dark: boolean): void {
    const row = this.dark[y]
    const fixed = this.fixed[y]
    if (row === undefined || fixed === undefined || x < 0 || x >= this.size) return
    row[x] = dark
    fixed[x] = true
  }
}

function drawFrame(grid: Grid, version: number): void {
  const { size } = grid
  for (let i = 0; i < size; i++) {
    grid.set(6, i, i % 2 === 0)
    grid.set(i, 6, i % 2 === 0)
  }
  for (const [cx, cy] of [
    [3, 3],
    [size - 4, 3],
    [3, size - 4],
  ] as const) {
    for (let dy = -4; dy <= 4; dy++) {
      for (let dx = -4; dx <= 4; dx++) {
        const ring = Math.max(Math.abs(dx), Math.abs(dy))
        grid.set(cx + dx, cy + dy, ring !== 2 && ring !== 4)
      }
    }
  }
  const centres = centresOf(version)
  const last = centres.length - 1
  for (const [i, cx] of centres.entries()) {
    for (const [j, cy] of centres.entries()) {
      if ((i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0)) continue
      for (let dy = -2; dy <= 2; dy++)
        for (let dx = -2; dx <= 2; dx++) grid.set(cx + dx, cy + dy, Math.max(Math.abs(dx), Math.abs(dy)) !== 1)
    }
  }
  drawFormat(grid)
  if (version >= 7) drawVersion(grid, version)
}

function centresOf(version: number): number[] {
  if (version === 1) return []
  const count = Math.floor(version / 7) + 2
  const step = Math.ceil((version * 4 + 4) / (count * 2 - 2)) * 2
  const centres = [6]
  for (let at = version * 4 + 10; centres.length < count; at -= step) centres.splice(1, 0, at)
  return centres
}

/** Error correction M (00) and mask 0 (000), with their check bits. */
function drawFormat(grid: Grid): void {
  const { size } = grid
  const bits = 0x5412
  const bit = (i: number) => ((bits >>> i) & 1) === 1
  for (let i = 0; i <= 5; i++) grid.set(8, i, bit(i))
  grid.set(8, 7, bit(6))
  grid.set(8, 8, bit(7))
  grid.set(7, 8, bit(8))
  for (let i = 9; i < 15; i++) grid.set(14 - i, 8, bit(i))
  for (let i = 0; i < 8; i++) grid.set(size - 1 - i, 8, bit(i))
  for (let i = 8; i < 15; i++) grid.set(8, size - 15 + i, bit(i))
  grid.set(8, size - 8, true)
}

function drawVersion(grid: Grid, version: number): void {
  let rest = version
  for (let i = 0; i < 12; i++) rest = (rest << 1) ^ ((rest >>> 11) * 0x1f25)
  const bits = (version << 12) | rest
  for (let i = 0; i < 18; i++) {
    const dark = ((bits >>> i) & 1) === 1
    const a = grid.size - 11 + (i % 3)
    const b = Math.floor(i / 3)
    grid.set(a, b, dark)
    grid.set(b, a, dark)
  }
}

/** Rows of the code, true is dark, without the quiet zone. Null when the text is too long. Mask 0 always: every reader copes. */
export function qrOf(text: string): boolean[][] | null {
  const bytes = new TextEncoder().encode(text)
  const version =
    totalBytes.findIndex(
      (total, i) => bytes.length + (i + 1 < 10 ? 2 : 3) <= total - (blockCounts[i] ?? 1) * (checkBytes[i] ?? 0),
    ) + 1
  if (version === 0) return null
  const grid = new Grid(version)
  drawFrame(grid, version)
  const words = codewords(bytes, version)
  let at = 0
  for (let right = grid.size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5
    for (let vertical = 0; vertical < grid.size; vertical++) {
      const upward = ((right + 1) & 2) === 0
      const y = upward ? grid.size - 1 - vertical : vertical
      for (const x of [right, right - 1]) {
        const row = grid.dark[y]
        if (row === undefined || grid.fixed[y]?.[x] === true) continue
        const bit = at < words.length * 8 ? ((words[at >>> 3] ?? 0) >>> (7 - (at & 7))) & 1 : 0
        at += 1
        row[x] = (bit === 1) !== ((x + y) % 2 === 0)
      }
    }
  }
  return grid.dark
}
