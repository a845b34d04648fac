/**
 * A lower-case name with every label beyond ASCII in its `xn--` form (RFC 3492), as DNS logs carry it. Normalised to NFC;
 * the rest of UTS 46 (full-width letters and the like) is left undone, since no resolver sees such names either. Ours
 * rather than the platform's, which takes ten times as long and so would make a page of such names slow.
 */
export function toAscii(name: string): string {
  for (let i = 0; i < name.length; i++) {
    if (name.charCodeAt(i) > 127) return name.normalize('NFC').split('.').map(labelToAscii).join('.')
  }
  return name
}

const base = 36
const tMin = 1
const tMax = 26
const skew = 38
const damp = 700
const labelLengthMax = 63

function labelToAscii(label: string): string {
  const points = Array.from(label.slice(0, labelLengthMax + 1), (c) => c.codePointAt(0) as number)
  const plain = points.filter((p) => p < 128)
  if (plain.length === points.length) return label
  let out = `xn--${String.fromCharCode(...plain)}${plain.length > 0 ? '-' : ''}`
  let n = 128
  let delta = 0
  let bias = 72
  let handled = plain.length
  while (handled < points.length) {
    const next = points.reduce((least, p) => (p >= n && p < least ? p : least), 0x110000)
    delta += (next - n) * (handled + 1)
    n = next
    for (const p of points) {
      if (p < n) delta++
      if (p !== n) continue
      out += digits(delta, bias)
      bias = adapt(delta, handled + 1, handled === plain.length)
      delta = 0
      handled++
    }
    delta++
    n++
  }
  return out
}

function digits(delta: number, bias: number): string {
  let out = ''
  let q = delta
  for (let k = base; ; k += base) {
    const t = Math.min(tMax, Math.max(tMin, k - bias))
    if (q < t) return out + digit(q)
    out += digit(t + ((q - t) % (base - t)))
    q = Math.floor((q - t) / (base - t))
  }
}

function digit(value: number): string {
  return String.fromCharCode(value < 26 ? value + 97 : value + 22)
}

function adapt(delta: number, count: number, first: boolean): number {
  let d = first ? Math.floor(delta / damp) : delta >> 1
  d += Math.floor(d / count)
  let k = 0
  while (d > ((base - tMin) * tMax) >> 1) {
    d = Math.floor(d / (base - tMin))
    k += base
  }
  return k + Math.floor(((base - tMin + 1) * d) / (d + skew))
}
