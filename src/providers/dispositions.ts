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
  huntress: {
    to: same('closed', 'closed', 'dismissed', 'dismissed'),
    from: {
      closed: 'incident',
      dismissed: 'false-alarm-nothing',
      partner_dismissed: 'false-alarm-nothing',
      sent: null,
      auto_remediating: null,
      deleting: null,
    },
  },
  expel: {
    to: same('TRUE_POSITIVE', 'POLICY_VIOLATION', 'FALSE_POSITIVE', 'BENIGN'),
    from: {
      TRUE_POSITIVE: 'incident',
      POLICY_VIOLATION: 'minor-trouble',
      PUP_PUA: 'minor-trouble',
      IT_MISCONFIGURATION: 'minor-trouble',
      FALSE_POSITIVE: 'false-alarm-nothing',
      ATTACK_FAILED: 'false-alarm-benign',
      ACTIVITY_BLOCKED: 'false-alarm-benign',
      TESTING: 'false-alarm-benign',
      BENIGN: 'false-alarm-benign',
      INCONCLUSIVE: null,
      CLOSED: null,
      OTHER: null,
      OPEN: null,
    },
  },
  'secureworks-taegis': {
    to: same(
      'CLOSED_CONFIRMED_SECURITY_INCIDENT',
      'CLOSED_THREAT_MITIGATED',
      'CLOSED_FALSE_POSITIVE_ALERT',
      'CLOSED_AUTHORIZED_ACTIVITY',
    ),
    from: {
      CLOSED_CONFIRMED_SECURITY_INCIDENT: 'incident',
      CLOSED_THREAT_MITIGATED: 'minor-trouble',
      CLOSED_FALSE_POSITIVE_ALERT: 'false-alarm-nothing',
      CLOSED_AUTHORIZED_ACTIVITY: 'false-alarm-benign',
      CLOSED_NOT_VULNERABLE: 'false-alarm-benign',
      CLOSED_INCONCLUSIVE: null,
      CLOSED_INFORMATIONAL: null,
      OPEN: null,
      ACTIVE: null,
      AWAITING_ACTION: null,
      SUSPENDED: null,
      TRUE_POSITIVE_MALICIOUS: 'incident',
      TRUE_POSITIVE_BENIGN: 'false-alarm-benign',
      FALSE_POSITIVE: 'false-alarm-nothing',
      NOT_ACTIONABLE: null,
    },
  },
  // Their reason says what was done about it. "Threat not valid" is the only one that says that nothing happened.
  'alert-logic': {
    to: same('further_action', 'compensating_control', 'threat_not_valid', 'acceptable_risk'),
    from: {
      further_action: 'incident',
      compensating_control: 'minor-trouble',
      threat_not_valid: 'false-alarm-nothing',
      acceptable_risk: 'false-alarm-benign',
      not_concluded: null,
      other: null,
      open: null,
      completed: null,
    },
  },
  rapid7: {
    to: same('MALICIOUS', 'MALICIOUS', 'BENIGN', 'BENIGN'),
    from: {
      MALICIOUS: 'incident',
      BENIGN: 'false-alarm-benign',
      NOT_APPLICABLE: null,
      UNDECIDED: null,
      UNSPECIFIED: null,
      OPEN: null,
      INVESTIGATING: null,
      WAITING: null,
      CLOSED: null,
    },
  },
  // The closing reasons that QRadar comes with; an installation can have more.
  'ibm-qradar': {
    to: same('Policy Violation', 'Policy Violation', 'Non-Issue', 'False-Positive, Tuned'),
    from: {
      'Policy Violation': 'incident',
      'Non-Issue': 'false-alarm-nothing',
      'False-Positive, Tuned': 'false-alarm-benign',
      OPEN: null,
      HIDDEN: null,
      CLOSED: null,
    },
  },
  sentinelone: {
    to: same('true_positive', 'suspicious', 'false_positive', 'false_positive'),
    from: {
      true_positive: 'incident',
      suspicious: 'minor-trouble',
      false_positive: 'false-alarm-nothing',
      undefined: null,
      unresolved: null,
      in_progress: null,
      resolved: null,
    },
  },
  'sophos-mdr': {
    to: same('truePositive', 'truePositive', 'falsePositive', 'falsePositive'),
    from: {
      truePositive: 'incident',
      falsePositive: 'false-alarm-nothing',
      new: null,
      investigating: null,
      onHold: null,
      actionRequired: null,
      resolved: null,
      closed: null,
    },
  },
  crowdstrike: {
    to: same('true_positive', 'true_positive', 'false_positive', 'ignored'),
    from: {
      true_positive: 'incident',
      false_positive: 'false-alarm-nothing',
      ignored: 'false-alarm-benign',
      new: null,
      in_progress: null,
      reopened: null,
      closed: null,
    },
  },
  'cortex-xdr': {
    to: same(
      'resolved_true_positive',
      'resolved_true_positive',
      'resolved_false_positive',
      'resolved_security_testing',
    ),
    from: {
      resolved_true_positive: 'incident',
      resolved_threat_handled: 'incident',
      resolved_false_positive: 'false-alarm-nothing',
      resolved_security_testing: 'false-alarm-benign',
      resolved_known_issue: 'false-alarm-benign',
      resolved_duplicate: null,
      resolved_duplicate_incident: null,
      resolved_auto_resolve: null,
      resolved_other: null,
      new: null,
      under_investigation: null,
    },
  },
  // Acknowledging is all their system knows; the comment says why.
  darktrace: {
    to: same('Acknowledged', 'Acknowledged', 'Acknowledged', 'Acknowledged'),
    from: { Acknowledged: null, Unacknowledged: null },
  },
  'elastic-security': {
    to: same('closed', 'closed', 'closed', 'closed'),
    from: {
      closed: null,
      open: null,
      acknowledged: null,
      // Reasons for closing, from Kibana 9.2 on.
      true_positive: 'incident',
      false_positive: 'false-alarm-nothing',
      benign_positive: 'false-alarm-benign',
      duplicate: null,
      automated_closure: null,
      other: null,
    },
  },
  'splunk-es': {
    to: same(
      'True Positive - Suspicious Activity',
      'True Positive - Suspicious Activity',
      'False Positive - Incorrect Analytic Logic',
      'Benign Positive - Suspicious But Expected',
    ),
    from: {
      'True Positive - Suspicious Activity': 'incident',
      'Benign Positive - Suspicious But Expected': 'false-alarm-benign',
      'False Positive - Incorrect Analytic Logic': 'false-alarm-nothing',
      'False Positive - Inaccurate Data': 'false-alarm-nothing',
      Undetermined: null,
      Other: null,
      New: null,
      'In Progress': null,
      Pending: null,
      Resolved: null,
      Closed: null,
    },
  },
  'servicenow-sir': {
    to: same('Threat mitigated', 'Patched vulnerability', 'False positive', 'No action taken'),
    from: {
      'Threat mitigated': 'incident',
      'Patched vulnerability': 'minor-trouble',
      'Invalid vulnerability': 'false-alarm-nothing',
      'False positive': 'false-alarm-nothing',
      'No action taken': 'false-alarm-benign',
      'Not resolved': null,
      Analysis: null,
      Contain: null,
      Eradicate: null,
      Recover: null,
      Review: null,
      Closed: null,
      Cancelled: null,
    },
  },
  jira: {
    to: same('Done', 'Done', "Won't Do", "Won't Do"),
    from: {
      Done: 'incident',
      "Won't Do": 'false-alarm-nothing',
      'Cannot Reproduce': 'false-alarm-nothing',
      Declined: 'false-alarm-nothing',
      Duplicate: null,
      'To Do': null,
      'In Progress': null,
      Open: null,
    },
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

/**
 * Formats whose words are not published (and our own): they are answered in plain words, those of `generic`. Named here, so that a
 * format without words is a mistake that a test finds.
 */
export const plainlyAnswered: readonly string[] = [
  'bluevoyant',
  'deepwatch',
  'esentire',
  'field-effect',
  'mandiant',
  'orange-cyberdefense',
  'own-detections',
  'reliaquest',
]

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
