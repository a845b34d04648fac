import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { isTrouble } from '../kit/errors.ts'
import { openCheckpoint, signCheckpoint } from './checkpoint.ts'
import { keyFileName, loadKey, loadOrCreateKey } from './key.ts'
import { leafHash } from './merkle.ts'
import { openNote, readVerifierKey, signNote } from './signed-note.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'counterfoil-key-'))
afterAll(() => rmSync(folder, { recursive: true }))
const key = loadOrCreateKey(path.join(folder, 'a'))
const other = loadOrCreateKey(path.join(folder, 'b'))
const root = leafHash(Buffer.from('a record'))

test('a key is made once, kept 0600, and found again', () => {
  expect(statSync(path.join(key.folder, keyFileName)).mode & 0o777).toBe(0o600)
  expect(loadOrCreateKey(key.folder).verifier.text).toBe(key.verifier.text)
  expect(loadKey(key.folder)?.verifier.text).toBe(key.verifier.text)
  expect(loadKey(path.join(folder, 'nowhere'))).toBeNull()
  expect(other.verifier.text).not.toBe(key.verifier.text)
})

test('a damaged key is trouble, never a new key, and its text is not told', () => {
  const damaged = path.join(folder, 'c')
  loadOrCreateKey(damaged)
  const file = path.join(damaged, keyFileName)
  chmodSync(file, 0o600)
  writeFileSync(file, readFileSync(file, 'utf8').replace('PRIVATE KEY', 'PRIVATE CAY'))
  const before = readFileSync(file, 'utf8')
  try {
    loadOrCreateKey(damaged)
    expect.unreachable()
  } catch (error) {
    expect(isTrouble(error, 'file.unreadable')).toBe(true)
    expect(JSON.stringify(error)).not.toContain('MC4')
  }
  expect(readFileSync(file, 'utf8')).toBe(before)
})

test('a checkpoint opens with the key that signed it, with no other, and not after a change', () => {
  const { note } = signCheckpoint(7, root, key)
  const opened = openCheckpoint(note, key.verifier)
  expect(opened).toMatchObject({ kind: 'signed', checkpoint: { size: 7, origin: key.verifier.name } })
  expect(openCheckpoint(note, other.verifier).kind).toBe('refused')
  expect(openCheckpoint(note.replace('\n7\n', '\n8\n'), key.verifier).kind).toBe('refused')
  for (let at = 0; at < note.length; at++) {
    const changed = note.slice(0, at) + String.fromCharCode(note.charCodeAt(at) ^ 1) + note.slice(at + 1)
    expect(openCheckpoint(changed, key.verifier).kind, `character ${at}`).toBe('refused')
  }
})

test('signatures of others are passed over; a wrong one in our name refuses the note', () => {
  const { note } = signCheckpoint(7, root, key)
  const text = note.slice(0, note.indexOf('\n\n') + 1)
  const theirs = signNote(text, other.verifier, other.privateKey).slice(text.length + 1)
  expect(openNote(note + theirs, key.verifier).kind).toBe('signed')
  const forged = signNote(text, key.verifier, other.privateKey).slice(text.length + 1)
  expect(openNote(note + forged, key.verifier).kind).toBe('refused')
  expect(openNote(note.slice(0, -1), key.verifier).kind).toBe('refused')
  expect(openNote(text, key.verifier).kind).toBe('refused')
})

test('what a checkpoint must not say is refused even when it is signed', () => {
  const sign = (text: string) => openCheckpoint(signNote(text, key.verifier, key.privateKey), key.verifier).kind
  const name = key.verifier.name
  const hash = Buffer.from(root).toString('base64')
  expect(sign(`${name}\n7\n${hash}\n`)).toBe('signed')
  expect(sign(`${name}\n7\n${hash}\nan extension\n`)).toBe('signed')
  expect(sign(`${name}\n07\n${hash}\n`)).toBe('refused')
  expect(sign(`${name}\n-7\n${hash}\n`)).toBe('refused')
  expect(sign(`${name}\n7\n${hash.slice(0, 20)}\n`)).toBe('refused')
  expect(sign(`example.com/another\n7\n${hash}\n`)).toBe('refused')
  expect(sign(`${name}\n7\n`)).toBe('refused')
})

test('a verifier key is read back exactly, and nothing near it', () => {
  expect(readVerifierKey(key.verifier.text)?.text).toBe(key.verifier.text)
  expect(readVerifierKey(key.verifier.text.replace('counterfoil', 'counterfoil2'))).toBeNull()
  expect(readVerifierKey(`${key.verifier.text}=`)).toBeNull()
  expect(readVerifierKey('')).toBeNull()
  // One flipped bit of a file can put any of these into the name; it is a malformed key, never an error of ours.
  for (const odd of ['\u0002', '\u007f', '\u00a0', '\u2003', ' ', '\n'])
    expect(readVerifierKey(key.verifier.text.replace('counterfoil', `counter${odd}foil`))).toBeNull()
})
