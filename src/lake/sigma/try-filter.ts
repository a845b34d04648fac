import type { LogEvent } from '../../model/lake.ts'
import type { LeftOut } from '../../model/tuning.ts'
import type { Engine } from '../engine/engine.ts'
import { compileRules } from './compile.ts'
import type { Placeholders } from './modifiers.ts'
import { readRules } from './read.ts'
import type { SigmaFilter } from './rule.ts'
import { eventsOfHitMax, type RuleWindow, runBounds, runRules } from './run.ts'
import { isoTime, windowSql } from './window.ts'

/** What is wrong with the text of a Sigma filter, in words; null: it is one filter, and it compiles. */
export function problemOfFilter(text: string): string | null {
  const read = filterIn(text)
  if (typeof read === 'string') return read
  const { failed } = compileLeftOut(read, {})
  return failed[0]?.why ?? null
}

/**
 * What a Sigma filter would leave out of our own logs: a filter is joined to its rules by "and", so it leaves out the events for which its
 * condition does not hold. Throws what the engine throws (Trouble 'lake.unreachable', 'lake.too-costly').
 */
export async function tryFilter(
  engine: Engine,
  text: string,
  window: RuleWindow,
  options: { readonly placeholders?: Placeholders; readonly signal?: AbortSignal } = {},
): Promise<LeftOut> {
  const read = filterIn(text)
  if (typeof read === 'string') return { kind: 'could-not-look', why: read }
  const { rules, failed } = compileLeftOut(read, options.placeholders ?? {})
  const [rule] = rules
  if (rule?.kind !== 'rule') return { kind: 'could-not-look', why: failed[0]?.why ?? 'The filter does not compile.' }
  const run = await runRules(engine, rules, window, {
    eventsOfHit: eventsOfHitMax,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  const [notRun] = run.notRun
  if (notRun !== undefined) return { kind: 'could-not-look', why: notRun.why }
  const { sql, params } = windowSql(window)
  const [reach] = await engine.rows<{ n: number | string; first: string; last: string }>(
    `SELECT count() AS n, min(time) AS first, max(time) AS last FROM stored_events WHERE ${sql} AND (${rule.sourceSql})`,
    params,
    runBounds(options.signal),
  )
  if (reach === undefined || Number(reach.n) === 0)
    return { kind: 'could-not-look', why: 'There are no logs of that source here.' }
  const [hit] = run.hits
  return {
    kind: 'looked',
    events: hit?.count ?? 0,
    first: hit?.first ?? null,
    last: hit?.last ?? null,
    logs: { from: isoTime(reach.first), to: isoTime(reach.last) },
    shown: (hit?.events ?? []).map((event) => ({ time: event.time, names: namesIn(event) })),
  }
}

/** Whom an event is about: its hosts, and everything in it that can be looked for. */
function namesIn({ attributes, observables }: LogEvent): string[] {
  const hosts = ['device.hostname', 'device.ip', 'src_endpoint.hostname', 'dst_endpoint.hostname'].flatMap((path) => {
    const value = attributes[path]
    return typeof value === 'string' ? [value.toLowerCase()] : []
  })
  return [...new Set([...hosts, ...observables.map((one) => one.toLowerCase())])]
}

/** The one filter of a text; words when it is none. */
function filterIn(text: string): SigmaFilter | string {
  const { documents, faults } = readRules(text, 'filter')
  const [fault] = faults
  if (fault !== undefined) return fault.why
  const [document] = documents
  if (documents.length !== 1 || document?.kind !== 'filter')
    return 'Write one Sigma filter: title, logsource, and filter with rules, search identifiers and condition.'
  const { category, product, service } = document.rule.logsource
  if (category === undefined && product === undefined && service === undefined)
    return 'logsource: names neither category nor product nor service'
  return document.rule
}

function compileLeftOut({ title, logsource, filter }: SigmaFilter, placeholders: Placeholders) {
  const { rules: _, condition, ...identifiers } = filter
  const detection = { ...identifiers, condition: `not (${condition})` }
  const at = { file: 'filter', document: 1, line: 1 }
  return compileRules([{ kind: 'rule', at, rule: { title, logsource, detection } }], [], { placeholders })
}
