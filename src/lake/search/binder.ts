import type { Params } from '../engine/engine.ts'

type Value = Params[string]
/** The engine's types that values are bound as. */
export type BoundType =
  | 'String'
  | 'UInt64'
  | 'Int64'
  | 'Float64'
  | 'IPv6'
  | "DateTime64(3, 'UTC')"
  | 'Array(String)'
  | 'Array(IPv6)'
  | 'Array(UInt64)'
  | "Array(DateTime64(3, 'UTC'))"

/** Collects what a statement is bound with, so that no value is ever part of its text. */
export class Binder {
  readonly #params: Record<string, Value> = {}
  #count = 0

  /** The place of this value in the statement: "{p3:String}". */
  bind(value: Value, type: BoundType): string {
    const name = `p${this.#count}`
    this.#count += 1
    this.#params[name] = value
    return `{${name}:${type}}`
  }

  get params(): Params {
    return this.#params
  }
}
