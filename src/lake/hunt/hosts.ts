import type { LogWindow } from '../../model/lake.ts'
import type { Bounds, Engine } from '../engine/engine.ts'
import { Binder } from '../search/binder.ts'

export type HostsOf = { readonly hosts: readonly string[]; readonly events: readonly string[] }

/** Hits whose events are looked at, the rarest first: the frequent ones are noise, and cost the most. */
const hitsMax = 500
/** Events that they have together. An event costs the engine the 8,192 rows it lies among: 125,000 spread over 5 million took 1.1 s of CPU. */
const eventsMax = 20_000
/** Past this no further ones are begun: a hunt is answered first, and where is told for as many as there is time for. */
const placesMsMax = 1_500
/** Texts in one statement, so that there is a moment to stop. */
const textsAtOnce = 20
/** Hosts of one hit, and the latest events of it. */
const hostsMax = 50
const eventsShown = 3

/** Where hits were seen: the hosts their events name, and the latest events. A hit that is not among the rarest is left out. */
export async function hostsOf(
  engine: Engine,
  hits: readonly { readonly forms: readonly string[]; readonly count: number }[],
  window: LogWindow | null,
  bounds: Bounds,
): Promise<ReadonlyMap<string, HostsOf>> {
  let left = eventsMax
  const rarest = hits
    .toSorted((a, b) => a.count - b.count)
    .slice(0, hitsMax)
    .filter((hit) => (left -= hit.count) >= 0)
  const texts = [...new Set(rarest.flatMap((hit) => hit.forms))]
  const found = new Map<string, HostsOf>()
  const began = performance.now()
  for (let at = 0; at < texts.length && performance.now() - began < placesMsMax; at += textsAtOnce) {
    const binder = new Binder()
    const chunk = binder.bind(texts.slice(at, at + textsAtOnce), 'Array(String)')
    const time =
      window === null
        ? ''
        : `AND time >= ${binder.bind(new Date(window.from), "DateTime64(3, 'UTC')")} AND time < ${binder.bind(new Date(window.to), "DateTime64(3, 'UTC')")}`
    const rows = await engine.rows<{ text: string; hosts: readonly string[]; events: readonly string[] }>(
      `SELECT text, groupUniqArrayIf(${hostsMax})(host, host != '' AND host != text) AS hosts,
         arrayMap(one -> one.2, groupArraySorted(${eventsShown})((-toUnixTimestamp64Milli(time), id))) AS events
       FROM (
         SELECT arrayJoin(arrayIntersect(observables, ${chunk})) AS text, time, concat(toString(load), '-', toString(line)) AS id,
           multiIf(device_hostname != '', toString(device_hostname), src_endpoint_hostname != '', src_endpoint_hostname,
             src_endpoint_ip != toIPv6('::'), replaceOne(toString(src_endpoint_ip), '::ffff:', ''), '') AS host
         FROM stored_events WHERE hasAny(observables, ${chunk}) ${time}
       ) GROUP BY text`,
      binder.params,
      bounds,
    )
    for (const { text, hosts, events } of rows) found.set(text, { hosts, events })
  }
  return found
}
