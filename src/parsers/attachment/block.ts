import type { Uninspected } from '../../model/attachment.ts'

/** Thrown from anywhere inside a file that cannot be looked into; caught once, at the outside. */
export class Blocked extends Error {
  readonly next: string
  constructor(why: string, next: string) {
    super(why)
    this.name = 'Blocked'
    this.next = next
  }

  asValue(): Uninspected {
    return { kind: 'blocked', why: this.message, next: this.next }
  }
}
