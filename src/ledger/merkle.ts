import { hash } from 'node:crypto'

/** A SHA-256 digest, 32 bytes. */
export type Hash = Uint8Array

/** A complete subtree: its leaves are index * 2^level up to (index + 1) * 2^level - 1. */
export type Place = { readonly level: number; readonly index: number }

/** A run of leaves, `to` not included. */
export type Range = { readonly from: number; readonly to: number }

export type Node = Place & { readonly hash: Hash }

/** Root of the tree without leaves: SHA-256 of nothing (RFC 9162, 2.1.1). */
export const emptyRoot: Hash = hash('sha256', '', 'buffer')

const leafMark = Buffer.from([0])
const nodeMark = Buffer.from([1])

/** RFC 9162, 2.1.1: SHA-256 of 0x00 and the leaf's bytes. */
export function leafHash(leaf: Uint8Array): Hash {
  return hash('sha256', Buffer.concat([leafMark, leaf]), 'buffer')
}

/** RFC 9162, 2.1.1: SHA-256 of 0x01 and both children. */
export function nodeHash(left: Hash, right: Hash): Hash {
  return hash('sha256', Buffer.concat([nodeMark, left, right]), 'buffer')
}

/** Equal, for hashes that are public: no need of constant time. */
export function sameHash(a: Hash, b: Hash): boolean {
  return Buffer.compare(a, b) === 0
}

/** The largest power of two smaller than n, for n > 1. */
export function splitOf(n: number): number {
  let power = 1
  while (power * 2 < n) power *= 2
  return power
}

/** The complete subtrees a run of leaves is made of, largest first. `from` must be a multiple of the largest, as it is in every proof. */
export function placesOf({ from, to }: Range): Place[] {
  const places: Place[] = []
  let at = from
  while (at < to) {
    let level = 0
    while (2 ** (level + 1) <= to - at) level++
    places.push({ level, index: at / 2 ** level })
    at += 2 ** level
  }
  return places
}

/** Hash of a run of leaves from the hashes of its complete subtrees, largest first. */
export function fold(hashes: readonly Hash[]): Hash {
  const last = hashes.at(-1)
  if (last === undefined) return emptyRoot
  let folded = last
  for (let at = hashes.length - 2; at >= 0; at--) folded = nodeHash(hashes[at] as Hash, folded)
  return folded
}

/**
 * The right edge of a growing tree: one hash for each complete subtree, so that a leaf costs two hashes on average
 * and a tree of any size is kept in at most 53 of them.
 */
export class Edge {
  #size: number
  readonly #hashes: (Hash | undefined)[] = []

  /** Starts with an empty tree, or with the hashes of `placesOf({ from: 0, to: size })`. */
  constructor(size = 0, hashes: readonly Hash[] = []) {
    this.#size = size
    placesOf({ from: 0, to: size }).forEach((place, at) => {
      this.#hashes[place.level] = hashes[at] as Hash
    })
  }

  get size(): number {
    return this.#size
  }

  /** Adds a leaf and tells each complete subtree above it that became known by it; with `seen` left out nothing is kept. */
  add(leaf: Hash, seen?: (node: Node) => void): void {
    let hash = leaf
    let level = 0
    let index = this.#size
    while (index % 2 === 1) {
      hash = nodeHash(this.#hashes[level] as Hash, hash)
      this.#hashes[level] = undefined
      index = (index - 1) / 2
      level++
      seen?.({ level, index, hash })
    }
    this.#hashes[level] = hash
    this.#size++
  }

  root(): Hash {
    return fold(this.#hashes.filter((hash) => hash !== undefined).reverse())
  }
}
