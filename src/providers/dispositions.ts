import { type Outcome, outcomeTitles } from '../model/triage.ts'

/** How a provider closes or answers a case: the word in its system, and the words beside it that say the rest. */
export type Disposition = { readonly word: string; readonly comment: string }

type Vocabulary = {
  /** The one word for each of our outcomes. */
  readonly to: Readonly<Record<Outcome, string>>
  /** What each of their words means by itself; null for words that decide nothing. */
  readonly from: Readonly<Record<string, Outcome | null>>
}

/** Tuning is asked for where a rule fired on what is allowed: it goes with the word for benign. */
const same = (incident: string, minor: string, nothing: string, benign: string): Readonly<Record<Outcome, string>> => ({
  incident,
  'minor-trouble': minor,
  'false-alarm-nothing': nothing,
  'false-alarm-benign': benign,
  tune: benign,
})

/** By reader id. Sources: the providers' API contracts (README.md beside this file). */
export const vocabularies: Readonly<Record<string, Vocabulary>> = {
  'red-canary': {
    to: same(
      'remediated',
      'not_remediated_unwarranted',
      'not_remediated_false_positive',
      'not_remediated_sanctioned_activity',
    ),
    from: {
      remediated: 'incident',
      not_remediated_unwarranted: 'minor-trouble',
      not_remediated_false_positive: 'false-alarm-nothing',
      not_remediated_sanctioned_activity: 'false-alarm-benign',
    },
  },
  // Their ticket has no reason code: a close says that it is over, the comment says why.
  'arctic-wolf': {
    to: same('CLOSED', 'CLOSED', 'CLOSED', 'CLOSED'),
    from: {
      OPEN: null,
      NEW: null,
      HOLD: null,
      PENDING: null,
      CLOSED: null,
      Closed: null,
      'With Arctic Wolf': null,
      'With Customer': null,
    },
  },
  'trustwave-fusion': {
    to: same('Security Incident', 'Security Incident', 'False Positive', 'False Positive'),
    from: {
      'Security Incident': 'incident',
      'R:1': 'incident',
      'False Positive': 'false-alarm-nothing',
      'R:7': 'false-alarm-nothing',
    },
  },
  'microsoft-defender': {
    to: same('TruePositive', 'TruePositive', 'FalsePositive', 'InformationalExpectedActivity'),
    from: {
      Unknown: null,
      FalsePositive: 'false-alarm-nothing',
      TruePositive: 'incident',
      InformationalExpectedActivity: 'false-alarm-benign',
      Active: null,
      InProgress: null,
      Resolved: null,
      Redirected: null,
    },
  },
  'microsoft-sentinel': {
    to: same('TruePositive', 'TruePositive', 'FalsePositive', 'BenignPositive'),
    from: {
      Undetermined: null,
      FalsePositive: 'false-alarm-nothing',
      TruePositive: 'incident',
      BenignPositive: 'false-alarm-benign',
      New: null,
      Active: null,
      Closed: null,
    },
  },
  'trend-micro-mdr': {
    to: same('Incident', 'Noteworthy', 'Not Noteworthy', 'Not Noteworthy'),
    from: { Incident: 'incident', Noteworthy: 'minor-trouble', 'Not Noteworthy': 'false-alarm-nothing' },
  },
  ocsf: {
    to: same('True Positive', 'Security Risk', 'False Positive', 'Benign'),
    from: {
      Unknown: null,
      'False Positive': 'false-alarm-nothing',
      'True Positive': 'incident',
      Disregard: null,
      Suspicious: null,
      Benign: 'false-alarm-benign',
      Test: 'false-alarm-benign',
      'Insufficient Data': null,
      'Security Risk': 'minor-trouble',
      'Managed Externally': null,
      Duplicate: null,
      Other: null,
    },
  },
  generic: {
    to: {
      incident: 'True positive',
      'minor-trouble': 'True positive, minor',
      'false-alarm-nothing': 'False positive',
      'false-alarm-benign': 'Benign positive',
      tune: 'Benign positive, tune the rule',
    },
    from: {
      'True positive': 'incident',
      'True positive, minor': 'minor-trouble',
      'False positive': 'false-alarm-nothing',
      'Benign positive': 'false-alarm-benign',
      'Benign positive, tune the rule': 'tune',
    },
  },
}

/** Our outcome in a provider's words. Where one word stands for two outcomes the comment says which. */
export function toDisposition(format: string, outcome: Outcome): Disposition {
  const vocabulary = vocabularies[format] ?? vocabularies['generic']
  return { word: vocabulary?.to[outcome] ?? outcomeTitles[outcome], comment: outcomeTitles[outcome] }
}

/** A provider's word as one of our outcomes; null where it decides nothing or is not theirs. The comment settles what the word leaves open. */
export function fromDisposition(format: string, word: string, comment = ''): Outcome | null {
  const vocabulary = vocabularies[format] ?? vocabularies['generic']
  if (vocabulary === undefined) return null
  const key = Object.keys(vocabulary.from).find((one) => one.toLowerCase() === word.trim().toLowerCase())
  if (key === undefined) return null
  const named = (Object.keys(outcomeTitles) as Outcome[]).find(
    (outcome) => vocabulary.to[outcome] === key && comment.toLowerCase().includes(outcomeTitles[outcome].toLowerCase()),
  )
  return named ?? vocabulary.from[key] ?? null
}
