import type { ScanCheck, ScanEvent, ScannedHost, Sighting } from '../../model/vulnerability.ts'

/** Checks that are remembered as told; a report with more tells some twice, which does no harm. */
const toldMax = 500_000

/** Gathers what a reader makes of a piece of a report, and knows which checks it has told. */
export class Gathering {
  #events: ScanEvent[] = []
  readonly #told = new Map<string, Set<string>>()

  host(host: Omit<ScannedHost, 'kind'>): void {
    this.#events.push({ kind: 'host', ...host })
  }

  sighting(sighting: Omit<Sighting, 'kind'>): void {
    this.#events.push({ kind: 'sighting', ...sighting })
  }

  /** Tells a check, made only when it is new or names a CVE that was not told yet. */
  check(id: string, cves: readonly string[], make: () => Omit<ScanCheck, 'kind' | 'id' | 'cves'>): void {
    const known = this.#told.get(id)
    if (known !== undefined && cves.every((cve) => known.has(cve))) return
    if (this.#told.size >= toldMax) this.#told.clear()
    this.#told.set(id, new Set([...(known ?? []), ...cves]))
    this.#events.push({ kind: 'check', id, cves: [...cves], ...make() })
  }

  refused(at: string, problem: string): void {
    this.#events.push({ kind: 'refused', at, problem })
  }

  /** What came since the last call. */
  take(): readonly ScanEvent[] {
    const events = this.#events
    this.#events = []
    return events
  }
}

/** Longest title and remedy that are kept. */
export const titleCharsMax = 300
export const fixCharsMax = 1_000
/** Longest id of a check and key of a host. */
export const keyCharsMax = 300
