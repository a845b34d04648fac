import { Trouble } from '../../kit/errors.ts'
import { CveId, type EpssScore } from '../../model/vulnerability.ts'
import { nextRecord, recordsOf } from '../list/read-list.ts'
import { timeOf } from '../scan/words.ts'

const rowCharsMax = 1024
/** Scores that are handed on together. */
const piece = 5_000

export type EpssRead = {
  readonly model: string
  readonly scoredAt: string
  readonly scores: AsyncIterable<readonly EpssScore[]>
}

/**
 * EPSS scores as FIRST publishes them each day: "#model_version:v2025.03.14,score_date:2026-01-05T...", headings, a row for each CVE. Without model
 * and date the numbers cannot be compared with others, so such a file is refused. Throws Trouble('file.invalid').
 */
export async function readEpss(text: AsyncIterable<string>): Promise<EpssRead> {
  const records = recordsOf(text, { encoding: 'utf-8', delimiter: ',', skipLines: 0 }, rowCharsMax)
  const first = (await nextRecord(records))?.values.join(',') ?? ''
  const model = /model_version:([^,\s]{1,40})/.exec(first)?.[1]
  const scoredAt = timeOf(/score_date:([^,\s]{1,40})/.exec(first)?.[1])
  const headings = (await nextRecord(records))?.values.map((value) => value.trim().toLowerCase()) ?? []
  if (model === undefined || scoredAt === null || headings.join() !== 'cve,epss,percentile') {
    await records.return(undefined)
    throw new Trouble('file.invalid', {
      problem: 'no EPSS file: its first line must name model_version and score_date, its second cve,epss,percentile',
    })
  }
  return { model, scoredAt, scores: scoresOf(records) }
}

async function* scoresOf(records: Parameters<typeof nextRecord>[0]): AsyncGenerator<readonly EpssScore[]> {
  let scores: EpssScore[] = []
  for (let record = await nextRecord(records); record !== null; record = await nextRecord(records)) {
    const [cve = '', epss = '', percentile = ''] = record.values
    const score = {
      cve: cve.toUpperCase(),
      epss: Number(epss || Number.NaN),
      percentile: Number(percentile || Number.NaN),
    }
    if (
      !CveId.safeParse(score.cve).success ||
      !(score.epss >= 0 && score.epss <= 1) ||
      !(score.percentile >= 0 && score.percentile <= 1)
    )
      throw new Trouble('file.invalid', { problem: `row ${record.row} is no score between 0 and 1 of a CVE` })
    scores.push(score)
    if (scores.length < piece) continue
    yield scores
    scores = []
  }
  yield scores
}
