import calculator from 'ae-cvss-calculator'
import type { CvssOf } from '../../model/vulnerability.ts'
import { scoreOf } from './words.ts'

/** The longest vector with every optional metric of CVSS 4.0 has some 200 characters. */
const vectorCharsMax = 400
/** Newest first: the score that counts is of the newest version that the report has. */
const kinds = [
  ['4.0', /^CVSS:4\.0\/(?:[A-Z]{1,3}:[A-Za-z]{1,5}(?:\/|$))+$/, calculator.Cvss4P0],
  ['3.1', /^CVSS:3\.1\/(?:[A-Z]{1,3}:[A-Z](?:\/|$))+$/, calculator.Cvss3P1],
  ['3.0', /^CVSS:3\.0\/(?:[A-Z]{1,3}:[A-Z](?:\/|$))+$/, calculator.Cvss3P0],
  ['2.0', /^(?:[A-Za-z]{1,3}:[A-Z]{1,4}(?:\/|$))+$/, calculator.Cvss2],
] as const
type Version = (typeof kinds)[number][0]

export type Scored = { readonly vector: string; readonly version: Version; readonly score: number }

/**
 * The score of a CVSS vector of any version, as the library computes it; null where it is no whole vector. Scanners' dressings come off:
 * "CVSS2#AV:...", "8.1 (AV:...)". A vector of version 3 without its prefix is scored by 3.1.
 */
export function scored(text: string | undefined): Scored | null {
  const dressed = (text ?? '').trim()
  if (dressed === '' || dressed.length > vectorCharsMax) return null
  const bare = (/\(([^()]*)\)$/.exec(dressed)?.[1] ?? dressed).replace(/^CVSS2#|^CVSS:2\.0\//i, '')
  const vector = bare.startsWith('AV:') && bare.includes('/PR:') ? `CVSS:3.1/${bare}` : bare
  const [version, , Calculator] = kinds.find(([, pattern]) => pattern.test(vector)) ?? []
  if (version === undefined || Calculator === undefined) return null
  const metrics = vector.split('/').map((part) => part.split(':')[0])
  // The library takes the last of two metrics of one name; FIRST calls such a vector malformed.
  if (new Set(metrics).size !== metrics.length) return null
  const score = computed(Calculator, vector)
  return score === null ? null : { vector, version, score }
}

function computed(Calculator: (typeof kinds)[number][2], vector: string): number | null {
  try {
    const cvss = new Calculator(vector)
    if (!cvss.isBaseFullyDefined()) return null
    // The base score: what others publish, and what can be compared. In 4.0 the library's own "base" has the threat metrics in it.
    const scores: { readonly base?: number | undefined; readonly baseMetricsOnly?: number | undefined } =
      cvss.calculateScores()
    const score = scores.baseMetricsOnly ?? scores.base ?? Number.NaN
    return Number.isFinite(score) ? score : null
  } catch {
    return null // The library throws for a metric or value that the version does not have: then it is no vector.
  }
}

type Told = { readonly vectors: readonly (string | undefined)[]; readonly scores?: readonly (string | undefined)[] }

/** The CVSS of a check: its vectors by version, and the score of the newest one; without a vector the first score that is told. */
export function cvssOf({ vectors, scores = [] }: Told): CvssOf {
  const all = vectors.flatMap((vector) => scored(vector) ?? [])
  const of = (major: string): Scored | undefined => all.find(({ version }) => version.startsWith(major))
  const [v4, v3, v2] = [of('4'), of('3'), of('2')]
  const best = v4 ?? v3 ?? v2
  const told = scores.map(scoreOf).find((score) => score !== null)
  return {
    v2: v2?.vector ?? null,
    v3: v3?.vector ?? null,
    v4: v4?.vector ?? null,
    score: best?.score ?? told ?? null,
    version: best?.version ?? null,
  }
}
