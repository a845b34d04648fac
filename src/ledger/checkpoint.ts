import type { LedgerKey } from './key.ts'
import type { Hash } from './merkle.ts'
import { openNote, signNote, type VerifierKey } from './signed-note.ts'

/** The head of the tree at one size: what is signed. `note` is the C2SP tlog-checkpoint as it stands. */
export type Checkpoint = { readonly origin: string; readonly size: number; readonly root: Hash; readonly note: string }

export type OpenedCheckpoint =
  | { readonly kind: 'signed'; readonly checkpoint: Checkpoint }
  | { readonly kind: 'refused'; readonly why: string }

/** Signs a head. That it is consistent with every head before is the caller's duty (sequencer.ts). */
export function signCheckpoint(size: number, root: Hash, key: LedgerKey): Checkpoint {
  const text = `${key.verifier.name}\n${size}\n${Buffer.from(root).toString('base64')}\n`
  return { origin: key.verifier.name, size, root, note: signNote(text, key.verifier, key.privateKey) }
}

/** A checkpoint that this key has signed for its own origin. */
export function openCheckpoint(note: string, key: VerifierKey): OpenedCheckpoint {
  const opened = openNote(note, key)
  if (opened.kind === 'refused') return opened
  const [origin, size, root, ...more] = opened.text.slice(0, -1).split('\n')
  if (origin !== key.name)
    return { kind: 'refused', why: `the checkpoint is of the ledger "${origin}", not of "${key.name}"` }
  const hash = Buffer.from(root ?? '', 'base64')
  const sizeReads = /^(0|[1-9]\d{0,15})$/.test(size ?? '') && Number.isSafeInteger(Number(size))
  if (!sizeReads || hash.length !== 32 || hash.toString('base64') !== root || more.includes('')) {
    return { kind: 'refused', why: 'the checkpoint is malformed' }
  }
  return { kind: 'signed', checkpoint: { origin, size: Number(size), root: new Uint8Array(hash), note } }
}
