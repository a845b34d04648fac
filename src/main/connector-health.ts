import type { Clock } from '../kit/clock.ts'
import { wordsOf } from '../kit/errors.ts'
import type { Connector, Health } from '../model/connector.ts'

/** A sign of life that takes longer is none; the settings page waits no longer for all of them together. */
const signMsMax = 3_000
/** A page that is looked at asks again no sooner: ten people looking are no load on a directory. */
const freshMs = 20_000

/** Signs of life of connectors, each bounded, and asked for once for all who look. */
export class ConnectorHealth {
  readonly #clock: Clock
  readonly #known = new WeakMap<Connector, { readonly at: number; readonly health: Promise<Health> }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  of(connector: Connector): Promise<Health> {
    const known = this.#known.get(connector)
    if (known !== undefined && performance.now() - known.at < freshMs) return known.health
    const health = this.#ask(connector)
    this.#known.set(connector, { at: performance.now(), health })
    return health
  }

  async #ask(connector: Connector): Promise<Health> {
    const control = new AbortController()
    const late = Promise.withResolvers<Health>()
    const timer = setTimeout(() => {
      control.abort()
      late.resolve({ state: 'failing', says: `It gave no sign of life within ${signMsMax} ms.`, lastSuccess: null })
    }, signMsMax)
    try {
      return await Promise.race([connector.health({ signal: control.signal, clock: this.#clock }), late.promise])
    } catch (error) {
      return { state: 'failing', says: wordsOf(error), lastSuccess: null }
    } finally {
      clearTimeout(timer)
    }
  }
}
