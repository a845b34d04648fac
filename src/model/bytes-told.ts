import { canonicalJson, type Json } from '../kit/canonical-json.ts'

/** The bytes that stand in what left for something that a system of tickets is told: of a file its own, of all else its canonical JSON. */
export function bytesTold(what: Json | Uint8Array): Uint8Array {
  return what instanceof Uint8Array ? what : Buffer.from(canonicalJson(what))
}
