import type { FindingKind } from './finding.ts'
import { LedgerKind } from './ledger.ts'
import { questions } from './question.ts'
import { Outcome, outcomeTitles } from './triage.ts'

/** A record as it stands, of which a sentence is made. */
export type Told = { readonly kind: string; readonly subject: string; readonly body: Readonly<Record<string, unknown>> }

/** What a person calls the thing behind an id ("A-12", "Kari Dahl"); undefined where nobody knows. */
export type NameOf = (id: string) => string | undefined

/** A quoted word of a person, in a line of a list. All of it stands in the record. */
const quotedMax = 200
/** A digest or id says no more to a person than its beginning. */
const shortened = (id: string): string => id.replace(/([0-9a-f]{8})[0-9a-f-]{20,}/g, '$1…')

const findingSays: Record<FindingKind, string> = {
  found: 'found',
  nothing: 'looked, nothing there',
  'not-collected': 'not collected',
  failed: 'failed',
  'not-applicable': 'not applicable',
}

const questionSays = (name: string): string =>
  Object.hasOwn(questions, name) ? questions[name as keyof typeof questions].title : name

/** Reads the body of one record; what is missing, or of another shape in an old record, is empty and never in the way. */
class Line {
  readonly #told: Told
  readonly #nameOf: NameOf

  constructor(told: Told, nameOf: NameOf) {
    this.#told = told
    this.#nameOf = nameOf
  }

  /** What it is about, by its name. */
  get about(): string {
    const { subject } = this.#told
    const id = subject.slice(subject.indexOf(':') + 1)
    return this.#nameOf(id) ?? shortened(id)
  }
  has(key: string): boolean {
    const value = this.#told.body[key]
    return value !== undefined && value !== null && value !== false && value !== ''
  }
  text(key: string): string {
    const value = this.#told.body[key]
    return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
  }
  /** The thing whose id stands there. */
  name(key: string): string {
    const id = this.text(key).replace(/^user:/, '')
    return this.#nameOf(id) ?? shortened(id)
  }
  list(key: string): readonly string[] {
    const value = this.#told.body[key]
    return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
  }
  names(key: string): string {
    return this.list(key)
      .map((id) => this.#nameOf(id) ?? shortened(id))
      .join(', ')
  }
  /** The first of these that says something, after a colon and in the words of whoever wrote it. */
  why(...keys: readonly string[]): string {
    const words = keys.map((key) => this.text(key).trim()).find((text) => text !== '')
    if (words === undefined) return ''
    return `: “${words.length > quotedMax ? `${words.slice(0, quotedMax)}…` : words}”`
  }
  /** ` ${before}${value}` where there is one. */
  opt(before: string, value: string): string {
    return value === '' ? '' : `${before}${value}`
  }
  /** "2026-11-22 14:03 UTC". */
  time(key: string): string {
    const at = this.text(key)
    return /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(at) ? `${at.slice(0, 10)} ${at.slice(11, 16)} UTC` : at
  }
  outcome(): string {
    const read = Outcome.safeParse(this.#told.body['outcome'])
    return read.success ? outcomeTitles[read.data] : this.text('outcome')
  }
  finding(key: string): string {
    const kind = this.text(key)
    return (findingSays as Readonly<Record<string, string>>)[kind] ?? kind
  }
}

type Say = (line: Line) => string
const about =
  (before: string, after: string = ''): Say =>
  (line) =>
    `${before} ${line.about}${after}`
const aboutWhy =
  (before: string, ...keys: readonly string[]): Say =>
  (line) =>
    `${before} ${line.about}${line.why(...keys)}`

/** Each kind in words that follow the name of whoever did it. Typed by the kinds: one without words does not compile. */
const says: Record<LedgerKind, Say> = {
  'alert.opened': (line) =>
    `opened ${line.about}${line.has('byHand') ? ' by hand' : ''}${line.opt(', their ticket ', line.text('ticket'))}${line.why('reason')}`,
  'alert.joined': (line) =>
    `wrote to ${line.about} again${line.has('again') ? ' (the same mail once more)' : ''}${line.has('reopened') ? ', which is open again' : ''}`,
  'alert.closed': about('closed'),
  'alert.reopened': (line) => `opened ${line.about} again${line.opt(', by what came to ', line.name('mergedAlertId'))}`,
  'alert.assigned': (line) =>
    line.has('assignee') ? `gave ${line.about} to ${line.name('assignee')}` : `took ${line.about} away from its owner`,
  'alert.snoozed': (line) =>
    `put ${line.about} to sleep until ${{ time: line.time('until'), evidence: 'evidence comes', reply: 'the provider answers' }[line.text('for')] ?? 'it is woken'}`,
  'alert.woken': (line) =>
    `woke ${line.about}${{ time: ': its time came', evidence: ': evidence came', reply: ': the provider wrote' }[line.text('because')] ?? ''}`,
  'alert.merged': (line) => `merged ${line.about} into ${line.name('into')}`,
  'alert.unmerged': (line) => `took ${line.about} out of ${line.name('from')}`,
  'view.saved': (line) => `saved the view of the queue${line.why('name')}`,
  'view.removed': (line) => `removed the view of the queue${line.why('name')}`,
  'finding.recorded': (line) =>
    `asked ${line.text('connector') === 'none' ? '' : `${line.text('connector')} `}“${questionSays(line.text('question'))}” for ${line.about}: ${line.finding('kind')}${line.opt(', remembered from A-', line.text('rememberedFrom'))}`,
  'decision.made': (line) =>
    `decided ${line.about}: ${line.outcome()}${line.has('withoutEvidence') ? ', without evidence' : ''}${line.why('reason')}`,
  'decision.undone': about('took back the decision on'),
  'suggestion.made': (line) => `suggested something for ${line.about}${line.opt(': ', line.outcome())}`,
  'suggestion.closed': (line) =>
    `${line.text('as') === 'taken' ? 'took up' : 'dismissed'} a suggestion for ${line.about}`,
  'person.asked': (line) => `asked ${line.text('email')} about ${line.about}`,
  'person.answered': (line) => `answered a question about ${line.about}: ${line.text('answer')}`,
  'answer.remembered': (line) => `drafted the remembered answer to ${line.about}: ${line.outcome()}`,
  'message.received': (line) =>
    `took in a message by ${line.text('channel')}${line.opt(' from ', line.text('sourceAddress'))}`,
  'message.duplicate': (line) => `took in the same message once more, by ${line.text('channel')}`,
  'message.quarantined': (line) =>
    `put a message into quarantine${line.opt(': ', line.list('reasons').slice(0, 3).join(' '))}`,
  'message.released': (line) => `let a message out of quarantine${line.why('reason')}`,
  'message.read': (line) =>
    `read a message${line.opt(' as ', line.text('kind'))}${line.opt(' by the reader ', line.text('reader'))}${line.opt(', for ', line.name('alertId'))}`,
  'message.downloaded': () => 'downloaded the bytes of a message',
  'notice.sent': (line) => `mailed a notice to ${line.list('to').join(', ')}`,
  'notice.failed': (line) => `could not mail a notice to ${line.list('to').join(', ')}${line.why('why')}`,
  'run.started': (line) =>
    `started the playbook ${line.text('playbook')} for ${line.name('alertId')}${line.text('trigger').startsWith('hand') ? ' by hand' : ''}`,
  'run.ended': (line) => `ended ${line.about}: ${line.text('state')}${line.why('error')}`,
  'run.cancelled': aboutWhy('cancelled', 'reason'),
  'run.item-marked': (line) =>
    `marked an item of ${line.about}: ${line.text('itemId')} is ${line.text('state')}${line.why('note')}`,
  'run.retried': (line) => `did the step ${line.text('path')} of ${line.about} again${line.why('reason')}`,
  'run.step-skipped': (line) => `skipped the step ${line.text('path')} of ${line.about}${line.why('reason')}`,
  'run.nudged': (line) => `reminded whoever ${line.about} waits for${line.why('reason')}`,
  'step.ended': (line) => `ended the step ${line.text('path')} of ${line.about}: ${line.text('state')}`,
  'playbook.imported': about('brought in the playbook'),
  'playbook.removed': about('removed the playbook'),
  'backtest.asked': () => 'asked for a trial on the past',
  'backtest.cancelled': () => 'stopped a trial on the past',
  'approval.asked': (line) => `asked for signatures for ${line.about}${line.opt(', up to ', line.time('expiresAt'))}`,
  'approval.signed': about('signed a word on'),
  'approval.ended': (line) => `ended ${line.about}: ${line.text('state')}`,
  'approval.reminded': (line) => `reminded ${line.names('users') || 'those'} of ${line.about}`,
  'approval.handed-over': (line) => `handed ${line.about} over to ${line.name('to')}`,
  'approval.stood-in': (line) =>
    `looked for deputies for ${line.about}${line.opt(': asked ', line.names('users'))}${line.opt(' in place of ', line.names('for'))}${line.opt('; none is there for ', line.names('nobodyFor'))}`,
  'approval.question': aboutWhy('asked about', 'text'),
  'approval.answered': aboutWhy('answered what was asked about', 'text'),
  'reply.drafted': about('drafted'),
  'reply.saved': about('changed the draft of'),
  'reply.reviewed': about('reviewed places in'),
  'reply.file-added': (line) =>
    `put a file beside ${line.about}${line.has('blocked') ? `, which may not leave${line.why('blocked')}` : ''}`,
  'reply.file-removed': about('took a file away from'),
  'reply.file-taken': about('downloaded a file of'),
  'reply.released': (line) =>
    `released ${line.about}${line.opt(' to ', line.list('to').join(', '))}${line.has('first') ? `, after ${line.name('first')}` : ''}${line.has('dryRun') ? ' (dry run: nothing leaves)' : ''}`,
  'reply.second-asked': (line) =>
    `released ${line.about}, which a second person must do as well${line.opt(': ', line.list('because').join(', '))}`,
  'reply.second-refused': aboutWhy('refused to release', 'why'),
  'reply.cancelled': aboutWhy('took back', 'why'),
  'reply.sending': about('began to send'),
  'reply.deferred': (line) =>
    `could not send ${line.about} yet${line.why('why')}${line.opt(', next try ', line.time('nextAt'))}`,
  'reply.sent': aboutWhy('sent', 'receipt'),
  'reply.unconfirmed': (line) => `cannot tell whether ${line.about} arrived${line.why('why', 'receipt')}`,
  'reply.settled': (line) => `found out that ${line.about} arrived${line.why('receipt')}`,
  'reply.failed': aboutWhy('could not send', 'why', 'receipt'),
  'user.created': (line) => `made the account of ${line.about}${line.opt(' as ', line.text('role'))}`,
  'user.changed': (line) =>
    line.has('passkeyRemoved')
      ? `removed the passkey “${line.text('name')}” of ${line.about}${line.why('why')}`
      : line.has('newPasskeyLink')
        ? `made a link for a new passkey of ${line.about}${line.why('why')}`
        : `changed the account of ${line.about}`,
  'user.signed-in': (line) => `signed in${line.opt(' by ', line.text('method'))}`,
  'user.sign-in-refused': (line) =>
    `refused a sign-in as ${line.about}${line.opt(' from ', line.text('address'))}${line.why('why')}`,
  'user.signed-out': (line) => (line.text('sessions') === 'all' ? 'signed out everywhere' : 'signed out'),
  'service-account.created': (line) => `made the account of a program${line.why('name')}`,
  'api-key.made': (line) => `made a key for ${line.about}${line.why('name')}`,
  'api-key.revoked': about('revoked a key of'),
  'house.started': (line) => `started, version ${line.text('version')}`,
  'provider.changed': (line) =>
    line.has('intakeKey')
      ? `renewed the intake key of ${line.about}`
      : line.has('webhook') || line.has('webhookSecret')
        ? `changed the webhook of ${line.about}`
        : line.has('door')
          ? `changed the door of ${line.about}`
          : `changed the provider ${line.about}`,
  'mail-key.added': (line) => `took up a mail key of ${line.about}${line.why('mail', 'address')}`,
  'mail-key.retired': about('retired a mail key of'),
  'setting.changed': () => 'changed settings',
  'config.applied': (line) =>
    `applied settings as a file, version ${line.text('version')}${line.opt(': ', line.list('paths').slice(0, 5).join(', '))}${line.why('note')}`,
  'secrets.rewrapped': () => 'gave the sealed secrets another key',
  'reader.changed': (line) =>
    `changed the taught reader ${line.about}${line.has('switchedOn') ? ' and switched it on' : ''}`,
  'connector.added': (line) => `added the connector ${line.about}${line.why('title')}`,
  'connector.changed': about('changed the connector'),
  'connector.removed': about('removed the connector'),
  'connector.tested': (line) => `tried the connector ${line.about}${line.opt(': ', line.finding('came'))}`,
  'source.watched': (line) =>
    line.has('silentAfterMinutes')
      ? `set that ${line.about} counts as silent after ${line.text('silentAfterMinutes')} minutes`
      : `set that the silence of ${line.about} is not watched`,
  'source.silent': (line) => `noticed that ${line.about} is silent since ${line.time('since')}`,
  'source.heard': (line) => `heard of ${line.about} again`,
  'ticketing.changed': () => 'changed the rules for tickets',
  'elsewhere.changed': (line) =>
    line.has('act')
      ? `asked to link ${line.about} in ${line.text('system')}`
      : `changed the ticket system ${line.about}`,
  'elsewhere.removed': about('removed the ticket system'),
  'elsewhere.tested': aboutWhy('tried the ticket system', 'says'),
  'elsewhere.reconciled': (line) =>
    `compared tickets with ${line.about}: ${line.text('even')} of ${line.text('looked')} alike`,
  'chat.changed': about('changed the chat channel'),
  'chat.removed': about('removed the chat channel'),
  'chat.tested': aboutWhy('tried the chat channel', 'says'),
  'handover.signed': (line) => `signed a handover of the shift${line.why('note')}`,
  'handover.taken': () => 'took a shift over',
  'import.done': (line) => {
    const rows =
      line.text('taken') ||
      line.text('rows') ||
      line.text('entries') ||
      line.text('indicators') ||
      line.text('techniques')
    return `brought in ${line.about}${line.text('source') === line.about ? '' : line.opt(' from ', line.text('source'))}${line.opt(', rows: ', rows)}${line.opt(', refused: ', line.text('refused'))}`
  },
  'mapping.saved': about('saved how columns are read for'),
  'asset.changed': (line) =>
    line.has('field')
      ? `corrected ${line.text('field')} of the asset ${line.about}${line.why('note')}`
      : `wrote down the asset ${line.about}${line.opt(', source ', line.text('source'))}`,
  'person.changed': (line) =>
    line.has('field')
      ? `corrected ${line.text('field')} of the person ${line.about}${line.why('note')}`
      : `wrote down the person ${line.about}${line.opt(', source ', line.text('source'))}`,
  'calendar.changed': (line) => `${line.has('removed') ? 'removed an entry of' : 'wrote into'} the calendar`,
  'vulnerability.said': (line) =>
    `said of ${line.about}${line.opt(' on ', line.text('host'))}: ${line.text('status')}${line.why('reason')}`,
  'vulnerability.withdrawn': about('took back what was said of'),
  'expectation.added': (line) =>
    `wrote down what is expected, E-${line.text('number')}: ${line.outcome()}${line.why('reason')}`,
  'expectation.renewed': (line) => `renewed ${line.about} until ${line.time('expiresAt')}`,
  'expectation.retired': aboutWhy('retired', 'reason'),
  'expectation.decides': (line) =>
    `let ${line.about} ${line.has('decides') ? 'decide by itself' : 'decide no more by itself'}`,
  'tuning.proposed': about('proposed a change of the rule in'),
  'tuning.changed': (line) => `marked ${line.about} as ${line.text('state')}${line.why('note')}`,
  'tuning.followed-up': (line) => `drafted a reminder of ${line.about}, which did not keep`,
  'note.written': (line) =>
    `wrote a note about ${line.text('about')}${line.has('knownGood') ? ', known to be good' : ''}`,
  'note.removed': () => 'removed a note',
  'ticket.changed': (line) =>
    line.has('to')
      ? `moved the ticket of ${line.about} to ${line.text('to').replaceAll('-', ' ')}${line.why('note')}`
      : line.has('type')
        ? `made the ticket of ${line.about} one of the type ${line.text('type').replaceAll('-', ' ')}`
        : `changed what the ticket of ${line.about} refers to`,
  'ticket.commented': (line) => `commented on ${line.about}${line.opt(' and named ', line.names('mentions'))}`,
  'ticket.task': (line) =>
    `${line.text('act') === 'added' ? 'added' : line.has('removed') ? 'took away' : line.has('done') ? 'did' : 'changed'} a task of ${line.about}${line.why('title')}`,
  'ticket.file': (line) =>
    `${line.text('act') === 'downloaded' ? 'downloaded a file of a ticket' : `put a file beside the ticket of ${line.about}`}${line.why('name')}`,
  'ticket.escalated': (line) =>
    `told ${line.names('told') || 'nobody'} that time ran out for ${line.about} at ${line.time('dueAt')}`,
  'elsewhere.linked': (line) => `linked ${line.about} with ${line.text('key')} in ${line.text('system')}`,
  'elsewhere.sent': (line) => `told ${line.text('system')} of ${line.about}: ${line.text('act')}`,
  'elsewhere.taken': (line) =>
    `brought to ${line.about}: ${line.text('what')}${line.opt(' ', line.text('status') || line.text('verdict') || line.text('name'))}${line.why('refused')}`,
  'elsewhere.unconfirmed': (line) =>
    `cannot tell whether ${line.text('system')} took the ${line.text('act')} of ${line.about}${line.why('why')}`,
  'elsewhere.failed': (line) =>
    `could not do the ${line.text('act')} of ${line.about} in ${line.text('system')}${line.why('why')}`,
  'chat.sent': (line) => `told the chat channel ${line.text('channel')}${line.opt(': ', line.text('what'))}`,
  'chat.failed': (line) => `could not tell the chat channel ${line.text('channel')}${line.why('why')}`,
  'door.looked': (line) =>
    `looked by the door of ${line.about} at ${line.text('what')}${line.opt(' ', line.name('of'))}`,
  'door.refused': (line) =>
    `turned a key away at the door of ${line.about}${line.opt(', from ', line.text('address'))}${line.why('why')}`,
  'door.asked': (line) => `asked by the door of ${line.about} about ${line.text('observable')}`,
  'pack.defined': about('laid down the context pack'),
  'pack.drafted': about('drafted the context pack'),
  'pack.released': (line) => `released the context pack ${line.about}, version ${line.text('version')}`,
  'pack.downloaded': (line) => `downloaded the context pack ${line.about}, version ${line.text('version')}`,
  'pack.mailed': (line) =>
    `released a mail with the context pack ${line.about} to ${line.list('to').join(', ')}${line.has('dryRun') ? ' (dry run: nothing leaves)' : ''}`,
  'pack.sent': aboutWhy('mailed the context pack', 'receipt'),
  'pack.unconfirmed': (line) => `cannot tell whether the context pack ${line.about} arrived${line.why('receipt')}`,
  'pack.settled': (line) => `found out what became of the context pack ${line.about}${line.why('receipt')}`,
  'pack.failed': aboutWhy('could not mail the context pack', 'receipt'),
  'pack.withdrawn': aboutWhy('took back the mail with the context pack', 'receipt'),
  'logs.searched': (line) =>
    line.has('around') ? `looked around a line of ${line.text('source')}` : `searched the logs${line.why('query')}`,
  'logs.hunted': () => 'hunted in the logs for a list of indicators',
  'logs.downloaded': () => 'downloaded a line of the logs as it came',
  'log-source.changed': (line) =>
    `${line.has('keyMade') ? 'made a key of' : line.has('keyRevoked') ? 'revoked a key of' : 'changed'} the log source ${line.about}`,
  'logs.removed': (line) =>
    `removed ${line.text('events')} lines of ${line.about}, received before ${line.time('before')}: the source keeps no more`,
  'ledger.exported': (line) =>
    `exported ${line.about === 'egress' ? 'what left' : line.text('scope') === 'sample' ? 'a sample of the ledger' : 'the ledger'}`,
  'audit.drawn': (line) =>
    `drew a sample: ${line.text('n')} of ${line.text('population')} alerts${line.why('seed').replace(':', ', seed')}`,
  'audit.said': (line) =>
    `concluded on ${line.about}: ${line.text('conclusion').replaceAll('-', ' ')}${line.why('words')}`,
  'ledger.stamp-asked': () => 'asks for a time stamp of the ledger up to this record',
  'ledger.stamped': (line) =>
    `had the ledger stamped at ${line.text('size')} records by ${line.text('authority')}: ${line.time('at')}`,
  'sample.loaded': () => 'loaded the sample data',
  'sample.removed': () => 'removed the sample data',
  'sample.tested': () => 'sent a test alert through the house',
}

/** "released the answer to Northwind about A-12": what the record says happened, to be read after the name of whoever did it. */
export function wordsOfRecord(told: Told, nameOf: NameOf): string {
  const kind = LedgerKind.safeParse(told.kind)
  // A database that a newer version wrote to may hold kinds that this one has no words for.
  if (!kind.success) return `wrote a record of the kind ${told.kind}`
  // What an old record does not say leaves no colon behind.
  return says[kind.data](new Line(told, nameOf)).replace(/[:,\s]+$/, '')
}
