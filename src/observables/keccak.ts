/**
 * Keccak-256 with the padding from before FIPS 202, which Ethereum and Monero use for checksums and Node's crypto does not
 * have. Lanes are two 32-bit halves: with BigInt one address costs 60 times as much, and hostile text is full of them.
 */
const rateBytes = 136
const rounds = 24
const roundLow = new Int32Array(rounds)
const roundHigh = new Int32Array(rounds)
const rotation = new Uint8Array(25)
const target = new Uint8Array(25)

// The constants follow from the specification's own generators (a linear feedback register, and a walk over the lanes).
{
  let register = 1
  for (let r = 0; r < rounds; r++) {
    for (let j = 0; j < 7; j++) {
      if (register & 1) {
        const bit = (1 << j) - 1
        if (bit < 32) roundLow[r] = (roundLow[r] as number) ^ (1 << bit)
        else roundHigh[r] = (roundHigh[r] as number) ^ (1 << (bit - 32))
      }
      register = (register << 1) ^ ((register >> 7) * 0x171)
    }
  }
  let [x, y] = [1, 0]
  for (let t = 0; t < 24; t++) {
    rotation[x + 5 * y] = (((t + 1) * (t + 2)) / 2) % 64
    ;[x, y] = [y, (2 * x + 3 * y) % 5]
  }
  for (let i = 0; i < 5; i++) for (let j = 0; j < 5; j++) target[i + 5 * j] = j + 5 * ((2 * i + 3 * j) % 5)
}

export function keccak256(message: Uint8Array): Uint8Array {
  const state = new Int32Array(50)
  const padded = new Uint8Array((Math.floor(message.length / rateBytes) + 1) * rateBytes)
  padded.set(message)
  padded[message.length] = 1
  padded[padded.length - 1] = (padded[padded.length - 1] as number) | 0x80
  const words = new DataView(padded.buffer)
  for (let block = 0; block < padded.length; block += rateBytes) {
    for (let i = 0; i < rateBytes / 4; i++) {
      state[i] = (state[i] as number) ^ words.getInt32(block + 4 * i, true)
    }
    permute(state)
  }
  return new Uint8Array(state.buffer.slice(0, 32))
}

const column = new Int32Array(10)
const moved = new Int32Array(50)

function permute(a: Int32Array): void {
  for (let round = 0; round < rounds; round++) {
    for (let x = 0; x < 10; x++) column[x] = v(a, x) ^ v(a, x + 10) ^ v(a, x + 20) ^ v(a, x + 30) ^ v(a, x + 40)
    for (let x = 0; x < 5; x++) {
      const left = ((x + 4) % 5) * 2
      const right = ((x + 1) % 5) * 2
      const low = v(column, left) ^ ((v(column, right) << 1) | (v(column, right + 1) >>> 31))
      const high = v(column, left + 1) ^ ((v(column, right + 1) << 1) | (v(column, right) >>> 31))
      for (let y = 0; y < 50; y += 10) {
        a[x * 2 + y] = v(a, x * 2 + y) ^ low
        a[x * 2 + y + 1] = v(a, x * 2 + y + 1) ^ high
      }
    }
    for (let i = 0; i < 25; i++) rotateInto(a, i)
    for (let y = 0; y < 50; y += 10) {
      for (let x = 0; x < 10; x++) {
        a[y + x] = v(moved, y + x) ^ (~v(moved, y + ((x + 2) % 10)) & v(moved, y + ((x + 4) % 10)))
      }
    }
    a[0] = v(a, 0) ^ v(roundLow, round)
    a[1] = v(a, 1) ^ v(roundHigh, round)
  }
}

function rotateInto(a: Int32Array, lane: number): void {
  const by = rotation[lane] as number
  const to = (target[lane] as number) * 2
  const [low, high] = by < 32 ? [v(a, lane * 2), v(a, lane * 2 + 1)] : [v(a, lane * 2 + 1), v(a, lane * 2)]
  const n = by % 32
  moved[to] = n === 0 ? low : (low << n) | (high >>> (32 - n))
  moved[to + 1] = n === 0 ? high : (high << n) | (low >>> (32 - n))
}

function v(array: Int32Array, index: number): number {
  return array[index] as number
}
