import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { verifyConsistency, verifyInclusion } from '../../src/ledger/proof.ts'
import { openNote, readVerifierKey } from '../../src/ledger/signed-note.ts'

/** Test vectors of RFC 6962 and 9162 proofs. They lie beside the checkout and are not part of the project. */
const folder = path.resolve(import.meta.dirname, '../../../shared/corpus/tlog/testdata')

const hash = z.base64().transform((text) => new Uint8Array(Buffer.from(text, 'base64')))
const proof = z
  .array(hash)
  .nullable()
  .transform((hashes) => hashes ?? [])
const common = { proof, desc: z.string(), wantErr: z.boolean() }
const Inclusion = z.object({ leafIdx: z.number(), treeSize: z.number(), root: hash, leafHash: hash, ...common })
const Consistency = z.object({ size1: z.number(), size2: z.number(), root1: hash, root2: hash, ...common })

function casesOf<S extends z.ZodType>(kind: string, schema: S): { name: string; given: z.infer<S> }[] {
  return readdirSync(path.join(folder, kind), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .map((name) => ({ name, given: schema.parse(JSON.parse(readFileSync(path.join(folder, kind, name), 'utf8'))) }))
}

test.skipIf(!existsSync(folder))('proofs agree with every vector of RFC 6962 and 9162', () => {
  const inclusion = casesOf('inclusion', Inclusion)
  const consistency = casesOf('consistency', Consistency)
  const wrong = [
    ...inclusion.filter(({ given: { leafIdx, treeSize, root, leafHash, proof, wantErr } }) => {
      return verifyInclusion({ index: leafIdx, size: treeSize, leaf: leafHash, root, proof }) === wantErr
    }),
    ...consistency.filter(({ given: { size1, size2, root1, root2, proof, wantErr } }) => {
      return (
        verifyConsistency({ older: { size: size1, root: root1 }, newer: { size: size2, root: root2 }, proof }) ===
        wantErr
      )
    }),
  ].map(({ name }) => name)
  const all = [...inclusion, ...consistency]
  const accepted = all.filter(({ given }) => !given.wantErr).length
  console.log(
    `tlog vectors: ${all.length - wrong.length}/${all.length} agree (inclusion ${inclusion.length}, consistency ${consistency.length}; ${accepted} to accept)`,
  )
  expect(inclusion.length).toBeGreaterThan(40)
  expect(consistency.length).toBeGreaterThan(40)
  expect(accepted).toBeGreaterThan(0)
  expect(wrong).toEqual([])
})

test.skipIf(!existsSync(folder))('the signed note in the C2SP specification opens with its key', () => {
  const text = readFileSync(path.resolve(folder, '../spec/signed-note.md'), 'utf8')
  const vkey = /^ {4}?(example\.com\/foo\+\S+)$|^(example\.com\/foo\+\S+)$/m.exec(text)?.[0]?.trim()
  const note = /```\n(This is an example message\.\n\n\u2014 [^`]+)```/.exec(text)?.[1]
  const key = readVerifierKey(vkey ?? '')
  if (key === null || note === undefined) throw new Error('the example of the specification was not found')
  expect(openNote(note, key)).toEqual({ kind: 'signed', text: 'This is an example message.\n' })
  expect(openNote(note.replace('example', 'Example'), key).kind).toBe('refused')
})
