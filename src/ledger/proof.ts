import { fold, type Hash, nodeHash, type Place, placesOf, type Range, sameHash, splitOf } from './merkle.ts'

/** Hash of a complete subtree; what looks it up throws when it is not there. */
export type HashAt = (place: Place) => Hash

/** Runs of leaves whose hashes are the inclusion proof of a leaf, lowest first (RFC 9162, 2.1.3.1). */
export function rangesOfInclusion(index: number, size: number): Range[] {
  if (!isSize(size) || !isSize(index) || index >= size) throw new RangeError(`no leaf ${index} in a tree of ${size}`)
  const ranges: Range[] = []
  let from = 0
  let to = size
  while (to - from > 1) {
    const middle = from + splitOf(to - from)
    if (index < middle) {
      ranges.unshift({ from: middle, to })
      to = middle
    } else {
      ranges.unshift({ from, to: middle })
      from = middle
    }
  }
  return ranges
}

/** Runs of leaves whose hashes prove that the tree of `size` begins with the tree of `older` leaves (RFC 9162, 2.1.4.1). */
export function rangesOfConsistency(older: number, size: number): Range[] {
  if (!isSize(size) || !isSize(older) || older > size || older === 0)
    throw new RangeError(`no tree of ${older} in a tree of ${size}`)
  const ranges: Range[] = []
  let from = 0
  let to = size
  let whole = true
  while (older !== to) {
    const middle = from + splitOf(to - from)
    if (older <= middle) {
      ranges.unshift({ from: middle, to })
      to = middle
    } else {
      ranges.unshift({ from, to: middle })
      from = middle
      whole = false
    }
  }
  if (!whole) ranges.unshift({ from, to })
  return ranges
}

/** Every subtree that must be looked up for these runs, each once. */
export function placesOfAll(ranges: readonly Range[]): Place[] {
  const places = new Map<string, Place>()
  for (const range of ranges) for (const place of placesOf(range)) places.set(`${place.level}/${place.index}`, place)
  return [...places.values()]
}

/** The proof itself: the hash of each run. */
export function hashesOf(ranges: readonly Range[], hashAt: HashAt): Hash[] {
  return ranges.map((range) => fold(placesOf(range).map((place) => hashAt(place))))
}

/** True when `leaf` is leaf number `index` of the tree with this size and root (RFC 9162, 2.1.3.2). */
export function verifyInclusion(claim: {
  index: number
  size: number
  leaf: Hash
  root: Hash
  proof: readonly Hash[]
}): boolean {
  const { index, size, leaf, root, proof } = claim
  if (!isSize(index) || !isSize(size) || index >= size) return false
  if (![leaf, root, ...proof].every((hash) => hash.length === 32)) return false
  let fn = index
  let sn = size - 1
  let hash = leaf
  for (const step of proof) {
    if (sn === 0) return false
    if (fn % 2 === 1 || fn === sn) {
      hash = nodeHash(step, hash)
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)]
    } else {
      hash = nodeHash(hash, step)
    }
    fn = half(fn)
    sn = half(sn)
  }
  return sn === 0 && sameHash(hash, root)
}

/** True when the second tree begins with the whole first one (RFC 9162, 2.1.4.2). From an empty tree nothing can be proved: false. */
export function verifyConsistency(claim: {
  older: { size: number; root: Hash }
  newer: { size: number; root: Hash }
  proof: readonly Hash[]
}): boolean {
  const { older, newer, proof } = claim
  if (!isSize(older.size) || !isSize(newer.size) || older.size === 0 || older.size > newer.size) return false
  if (![older.root, newer.root, ...proof].every((hash) => hash.length === 32)) return false
  if (older.size === newer.size) return proof.length === 0 && sameHash(older.root, newer.root)
  const path = isPowerOfTwo(older.size) ? [older.root, ...proof] : proof
  const [first, ...rest] = path
  if (first === undefined) return false
  let fn = older.size - 1
  let sn = newer.size - 1
  while (fn % 2 === 1) [fn, sn] = [half(fn), half(sn)]
  let fr = first
  let sr = first
  for (const step of rest) {
    if (sn === 0) return false
    if (fn % 2 === 1 || fn === sn) {
      fr = nodeHash(step, fr)
      sr = nodeHash(step, sr)
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)]
    } else {
      sr = nodeHash(sr, step)
    }
    fn = half(fn)
    sn = half(sn)
  }
  return sn === 0 && sameHash(fr, older.root) && sameHash(sr, newer.root)
}

/** Sizes stay below 2^53, so plain numbers are exact; bit operators of JavaScript are not (32 bits). */
function isSize(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0
}
function half(n: number): number {
  return Math.floor(n / 2)
}
function isPowerOfTwo(n: number): boolean {
  return Number.isInteger(Math.log2(n)) && 2 ** Math.log2(n) === n
}
