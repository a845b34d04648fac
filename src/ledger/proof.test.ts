import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Edge, emptyRoot, type Hash, leafHash, nodeHash, placesOf, splitOf } from './merkle.ts'
import { hashesOf, rangesOfConsistency, rangesOfInclusion, verifyConsistency, verifyInclusion } from './proof.ts'

const leaves = Array.from({ length: 70 }, (_, at) => leafHash(Buffer.from(`leaf ${at}`)))

/** The definition in RFC 9162, 2.1.1, word for word: slow, and what everything else is compared with. */
function rootByDefinition(hashes: readonly Hash[]): Hash {
  const [only] = hashes
  if (only === undefined) return emptyRoot
  if (hashes.length === 1) return only
  const k = splitOf(hashes.length)
  return nodeHash(rootByDefinition(hashes.slice(0, k)), rootByDefinition(hashes.slice(k)))
}
const rootOf = (size: number) => rootByDefinition(leaves.slice(0, size))
const hashAt = ({ level, index }: { level: number; index: number }) =>
  rootByDefinition(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level))

test('a tree that grows leaf by leaf has the root of the definition, and tells every complete subtree once', () => {
  const edge = new Edge()
  const told = new Map<string, Hash>()
  for (const [at, leaf] of leaves.entries()) {
    expect(edge.root()).toEqual(rootOf(at))
    edge.add(leaf, ({ level, index, hash }) => told.set(`${level}/${index}`, hash))
    const restarted = new Edge(at + 1, placesOf({ from: 0, to: at + 1 }).map(hashAt))
    expect(restarted.root()).toEqual(edge.root())
  }
  for (const [place, hash] of told) {
    const [level, index] = place.split('/').map(Number) as [number, number]
    expect(hash).toEqual(hashAt({ level, index }))
  }
  expect(told.size).toBe(35 + 17 + 8 + 4 + 2 + 1)
})

test('every leaf of every tree up to 70 is proved, and by no other place, tree or leaf', () => {
  let checked = 0
  for (let size = 1; size <= leaves.length; size++) {
    const root = rootOf(size)
    for (let index = 0; index < size; index++) {
      const proof = hashesOf(rangesOfInclusion(index, size), hashAt)
      const leaf = leaves[index] as Hash
      expect(verifyInclusion({ index, size, leaf, root, proof })).toBe(true)
      expect(verifyInclusion({ index: (index + 1) % size, size, leaf, root, proof })).toBe(size === 1)
      expect(verifyInclusion({ index, size, leaf: root, root, proof })).toBe(size === 1)
      expect(verifyInclusion({ index, size, leaf, root, proof: [...proof, root] })).toBe(false)
      if (proof.length > 0) expect(verifyInclusion({ index, size, leaf, root, proof: proof.slice(1) })).toBe(false)
      checked++
    }
  }
  expect(checked).toBe((70 * 71) / 2)
})

test('every tree up to 70 is proved to begin with each smaller one, and with nothing else', () => {
  for (let size = 1; size <= leaves.length; size++) {
    for (let older = 1; older <= size; older++) {
      const proof = hashesOf(rangesOfConsistency(older, size), hashAt)
      const claim = { older: { size: older, root: rootOf(older) }, newer: { size, root: rootOf(size) }, proof }
      expect(verifyConsistency(claim)).toBe(true)
      expect(verifyConsistency({ ...claim, older: { size: older, root: leafHash(Buffer.from('other')) } })).toBe(false)
      expect(verifyConsistency({ ...claim, newer: { size, root: leafHash(Buffer.from('other')) } })).toBe(false)
      expect(verifyConsistency({ ...claim, proof: [...proof, emptyRoot] })).toBe(false)
    }
  }
})

test('one changed bit in a proof, a leaf or a root is noticed', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 70 }), fc.nat(), fc.nat(), fc.nat(), (size, a, b, bit) => {
      const index = a % size
      const proof = hashesOf(rangesOfInclusion(index, size), hashAt).map((hash) => Uint8Array.from(hash))
      const all = [...proof, Uint8Array.from(leaves[index] as Hash), Uint8Array.from(rootOf(size))]
      const changed = all[b % all.length] as Uint8Array
      changed[(bit >> 3) % 32] = (changed[(bit >> 3) % 32] as number) ^ (1 << (bit % 8))
      const root = all.at(-1) as Hash
      const leaf = all.at(-2) as Hash
      return !verifyInclusion({ index, size, leaf, root, proof: all.slice(0, -2) })
    }),
    { numRuns: 2000 },
  )
})

test('trees larger than 32 bits are cut at the right places', () => {
  const size = 2 ** 40 + 5
  expect(placesOf({ from: 0, to: size })).toEqual([
    { level: 40, index: 0 },
    { level: 2, index: 2 ** 38 },
    { level: 0, index: 2 ** 40 + 4 },
  ])
  expect(rangesOfInclusion(2 ** 40, size)).toHaveLength(4)
  expect(() => rangesOfInclusion(size, size)).toThrow(RangeError)
  expect(() => rangesOfConsistency(0, size)).toThrow(RangeError)
})
