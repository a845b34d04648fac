import { z } from 'zod'

/** What happened, as the ledger names it. Data, so that an old export stays readable: add, never rename. */
// biome-ignore format: a table reads better in few lines
export const LedgerKind = z.enum([
  'message.received', 'message.duplicate', 'message.quarantined', 'message.released', 'message.read',
  'alert.opened', 'alert.joined', 'alert.closed', 'alert.reopened', 'alert.assigned', 'alert.snoozed', 'alert.woken', 'alert.merged', 'alert.unmerged', 'view.saved', 'view.removed', 'finding.recorded', 'decision.made', 'decision.undone',
  'run.started', 'run.ended', 'run.cancelled', 'run.item-marked', 'run.retried', 'run.step-skipped', 'run.nudged', 'step.ended', 'reply.drafted', 'reply.saved', 'reply.reviewed', 'reply.file-added', 'reply.file-removed', 'reply.file-taken', 'reply.released', 'reply.second-asked', 'reply.second-refused', 'reply.cancelled',
  'reply.sending', 'reply.deferred', 'reply.sent', 'reply.unconfirmed', 'reply.settled', 'reply.failed', 'notice.sent', 'notice.failed', 'person.asked', 'person.answered',
  'house.started', 'import.done', 'provider.changed', 'setting.changed', 'user.created', 'user.changed', 'user.signed-in', 'user.sign-in-refused',
  'user.signed-out', 'service-account.created', 'api-key.made', 'api-key.revoked', 'suggestion.made', 'suggestion.closed', 'message.downloaded', 'ledger.exported',
  'approval.asked', 'approval.signed', 'approval.ended', 'approval.reminded', 'approval.handed-over', 'approval.stood-in', 'approval.question', 'approval.answered',
  'playbook.imported', 'playbook.removed', 'backtest.asked', 'backtest.cancelled',
  'reader.changed',
  'connector.added', 'connector.changed', 'connector.removed', 'connector.tested', 'secrets.rewrapped',
  'logs.searched', 'logs.hunted', 'logs.downloaded', 'log-source.changed', 'logs.removed',
  'pack.defined', 'pack.drafted', 'pack.released', 'pack.downloaded', 'pack.mailed', 'pack.sent', 'pack.unconfirmed', 'pack.settled', 'pack.failed', 'pack.withdrawn',
  'ticket.changed', 'ticket.commented', 'ticket.task', 'ticket.file', 'ticket.escalated', 'ticketing.changed',
  'elsewhere.changed', 'elsewhere.removed', 'elsewhere.tested', 'elsewhere.linked', 'elsewhere.sent', 'elsewhere.taken', 'elsewhere.unconfirmed', 'elsewhere.failed', 'elsewhere.reconciled', 'door.looked', 'door.asked', 'door.refused',
  'chat.changed', 'chat.removed', 'chat.tested', 'chat.sent', 'chat.failed',
  'asset.changed', 'person.changed', 'calendar.changed', 'mapping.saved',
  'config.applied',
  'mail-key.added', 'mail-key.retired',
  'source.watched', 'source.silent', 'source.heard',
  'expectation.added', 'expectation.renewed', 'expectation.retired', 'expectation.decides', 'answer.remembered', 'tuning.changed', 'tuning.followed-up', 'tuning.proposed', 'note.written', 'note.removed',
  'vulnerability.said', 'vulnerability.withdrawn',
  'sample.loaded', 'sample.removed', 'sample.tested', 'handover.signed', 'handover.taken', 'audit.drawn', 'audit.said',
  'ledger.stamp-asked', 'ledger.stamped',
])
export type LedgerKind = z.infer<typeof LedgerKind>

/**
 * One record. The leaf of the Merkle tree is the canonical JSON (RFC 8785) of exactly these fields.
 * `body` holds ids, digests and words of the decision; never secrets and never a message's text.
 */
export const LedgerRecord = z.object({
  id: z.uuid(),
  at: z.iso.datetime(),
  kind: LedgerKind,
  /** "user:<id>" (a program: "user:<id>/key:<id>"), "system", "provider:<id>", "person:<mail>", "playbook:<id>", "expectation:<id>". */
  actor: z.string(),
  /** What it is about: "alert:<id>", "message:<sha256>", "reply:<id>", "run:<id>"... */
  subject: z.string(),
  body: z.record(z.string(), z.unknown()),
})
export type LedgerRecord = z.infer<typeof LedgerRecord>
/** What a caller says; id and time are added on append. */
export type LedgerLine = Omit<LedgerRecord, 'id' | 'at'>
