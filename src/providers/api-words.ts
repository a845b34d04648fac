import { sha256Hex } from '../kit/digest.ts'
import type { ApiRequest, ProviderApi, Told } from '../model/provider-api.ts'
import { fromDisposition } from './dispositions.ts'

type Words = ProviderApi['usual']['incident']

/** Tuning is asked for where a rule fired on what is allowed: it goes with the words for benign, as in dispositions.ts. */
export const ofOutcomes = (incident: Words, minor: Words, nothing: Words, benign: Words): ProviderApi['usual'] => ({
  incident,
  'minor-trouble': minor,
  'false-alarm-nothing': nothing,
  'false-alarm-benign': benign,
  tune: benign,
})

export const jsonRequest = (
  tells: readonly Told[],
  method: ApiRequest['method'],
  path: string,
  body: unknown,
): ApiRequest => ({ tells: [...tells], method, path, type: 'application/json', body: JSON.stringify(body) })

/** What is said of status, verdict and comment, in this order. */
export const toldIn = (say: {
  readonly status: string | null
  readonly verdict: string | null
  readonly comment: string | null
}): Told[] => (['status', 'verdict', 'comment'] as const).filter((what) => say[what] !== null)

/** Of a comment that has no number over there: told apart by who, when and what. */
export const commentId = (author: string, when: string, text: string): string =>
  sha256Hex(JSON.stringify([author, when, text])).slice(0, 32)

/** What their verdicts mean to us, as the reader of their mails (or of the posts of their systems) has it. */
export function meansOf(format: string, verdicts: Readonly<Record<string, string>>): ProviderApi['means'] {
  return Object.fromEntries(Object.keys(verdicts).map((word) => [word, fromDisposition(format, word)]))
}
