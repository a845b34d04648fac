import type { Asked } from '../model/doors.ts'
import type { Finding } from '../model/finding.ts'

type Kept = Pick<
  Finding,
  'connector' | 'kind' | 'answer' | 'why' | 'query' | 'windowFrom' | 'windowTo' | 'costMs' | 'askedAt'
>

/** What is kept of one connector's answer, whoever asked: a playbook or a person. What it warns of is its `why`. */
export function keptOf({ connector, answered, costMs, askedAt }: Asked): Kept {
  const window = 'window' in answered ? answered.window : undefined
  return {
    connector,
    kind: answered.kind,
    answer: answered.kind === 'found' ? answered.answer : null,
    why: 'why' in answered ? answered.why : answered.kind === 'found' ? (answered.warnings ?? []).join('; ') : '',
    query: 'query' in answered ? answered.query : '',
    windowFrom: window?.from ?? null,
    windowTo: window?.to ?? null,
    costMs,
    askedAt: askedAt.toISOString(),
  }
}
