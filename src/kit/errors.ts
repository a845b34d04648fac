/**
 * Everything that can go wrong, by code: the HTTP status, what a person reads, and what to do next.
 * Decide by `code`, never by message text. Details and causes go to the log only.
 */
export const troubles = {
  'input.invalid': { status: 400, says: 'This input is not valid.', next: 'Mend the fields named and try again.' },
  'input.too-large': { status: 413, says: 'This is larger than the limit.', next: 'Send a smaller piece.' },
  'sign-in.needed': { status: 401, says: 'You are not signed in.', next: 'Sign in and try again.' },
  'sign-in.refused': {
    status: 401,
    says: 'That sign-in did not work.',
    next: 'Check what you typed and wait for a new code. After five misses you wait, up to 15 minutes.',
  },
  'sso.unreachable': {
    status: 503,
    says: 'The identity provider cannot be asked.',
    next: 'Sign in another way, or try again; an administrator looks at sso in counterfoil.yaml.',
  },
  'origin.refused': {
    status: 403,
    says: 'This did not come from a page of this installation.',
    next: 'Open the address that `http.publicUrl` names and try there.',
  },
  'link.over': { status: 410, says: 'This link was used already, or its time is over.', next: 'Ask for a new one.' },
  'role.refused': { status: 403, says: 'Your role may not do this.', next: 'Ask an administrator or a lead.' },
  'person.needed': {
    status: 403,
    says: 'A key may not do this: it needs a person.',
    next: 'Let somebody sign in and do it; a key can read, draft, and bring in lists.',
  },
  'key.refused': {
    status: 401,
    says: 'This API key does not open anything.',
    next: 'Check that it is whole, not taken back and not expired, and that it may be used from this address; a new one is made under Settings, API keys.',
  },
  'key.scope': {
    status: 403,
    says: 'This API key does not have the scope that this needs.',
    next: 'Make a key with the scope that the API description names for this call.',
  },
  'intake.refused': { status: 403, says: 'This was refused.', next: 'Ask the people who run this installation.' },
  'webhook.refused': {
    status: 401,
    says: 'This post is not signed as agreed.',
    next: 'Check the address, the secret and the clock of the sender; the people who run this installation see why it was refused.',
  },
  'log-key.needed': {
    status: 401,
    says: 'These lines came without a key.',
    next: 'Send `Authorization: Bearer KEY`; a key is made under Logs, Sources.',
  },
  'log-key.refused': {
    status: 403,
    says: 'This key opens no source of that name.',
    next: 'Check the name in the address and the key; a new one is made under Logs, Sources.',
  },
  'not.found': { status: 404, says: 'There is nothing here.', next: 'Go back to the list.' },
  'reply.blocked': {
    status: 409,
    says: 'Something in it may not leave to this provider.',
    next: 'Look at what is marked as blocked: redact it, or change the agreement first.',
  },
  'openpgp.missing': {
    status: 409,
    says: 'OpenPGP is not installed here.',
    next: 'Run `npm install openpgp` in the folder of Counterfoil, and start it anew.',
  },
  'reply.same-person': {
    status: 409,
    says: 'You released it first; a second person must look at it.',
    next: 'Ask somebody else who may release answers.',
  },
  'reply.signature-needed': {
    status: 409,
    says: 'This release counts only with the signature of your passkey.',
    next: 'Reload the page and sign there: your passkey signs exactly these bytes.',
  },
  'reply.no-passkey': {
    status: 409,
    says: 'This release counts only with a signature, and you have no passkey here.',
    next: 'Register one under Settings, Me, then sign; or ask somebody who has one.',
  },
  'approval.over': {
    status: 410,
    says: 'This can no longer be signed.',
    next: 'Reload the page: it says what became of it.',
  },
  'approval.refused': {
    status: 403,
    says: 'That signature does not count here.',
    next: 'Use a passkey of your own account, on this page, within five minutes; the page gives a new one to sign.',
  },
  'approval.void': {
    status: 409,
    says: 'What was to be approved is no longer what you saw.',
    next: 'Nothing was signed. If it is asked again, you get a new mail.',
  },
  'state.conflict': {
    status: 409,
    says: 'This was changed by somebody else, or is in another state by now.',
    next: 'Reload and look at what changed.',
  },
  'rate.limited': { status: 429, says: 'Too many requests.', next: 'Wait a moment and try again.' },
  'house.busy': {
    status: 503,
    says: 'There is too much in hand at this moment.',
    next: 'Send it again in a few seconds; nothing of it was kept.',
  },
  internal: {
    status: 500,
    says: 'Something broke on our side.',
    next: 'Try again; if it stays, run `counterfoil doctor`.',
  },
  'desk.unreachable': {
    status: 503,
    says: 'The desk does not answer.',
    next: 'Check COUNTERFOIL_URL, and that Counterfoil runs there.',
  },
  'database.unreachable': {
    status: 503,
    says: 'The database does not answer.',
    next: 'Run `counterfoil doctor`; nothing that was acknowledged is lost.',
  },
  'disk.full': {
    status: 507,
    says: 'The disk is full.',
    next: 'Free some space; mail is refused with 4xx until then, so nothing is lost.',
  },
  'ledger.broken': {
    status: 500,
    says: 'The ledger does not add up: what is in the database is not what was signed.',
    next: 'Change nothing; run `counterfoil audit check` and compare with a backup or an export from before.',
  },
  'ledger.other-key': {
    status: 500,
    says: "This ledger was begun with another key than the one in this node's data folder.",
    next: 'Copy ledger.key from the data folder of the node that began it (or from a backup) and start again.',
  },
  'archive.invalid': {
    status: 400,
    says: 'This backup is damaged, cut short, or none of ours.',
    next: 'Nothing was changed. Try another backup.',
  },
  'place.occupied': {
    status: 409,
    says: 'There is something here already, and it is not overwritten.',
    next: 'Choose an empty data folder and an empty database.',
  },
  'house.missing': {
    status: 503,
    says: 'There is no installation here.',
    next: 'Name one with COUNTERFOIL_DATA or DATABASE_URL, or begin one with `counterfoil start`.',
  },
  'mail.not-configured': {
    status: 409,
    says: 'No mail server is configured for outgoing mail.',
    next: 'Set mailOut in counterfoil.yaml and restart; drafts stay as they are.',
  },
  'lake.full': {
    status: 503,
    says: 'The log lake takes nothing more at this moment.',
    next: 'Send it again in a few seconds; what was acknowledged is safe. If it stays, look at free disk and `counterfoil lake status`.',
  },
  'lake.unreachable': {
    status: 503,
    says: 'The log engine does not answer.',
    next: 'It is started again by itself; if it stays, run `counterfoil doctor`. Lines that come meanwhile are kept.',
  },
  'lake.occupied': {
    status: 409,
    says: 'Another process has this lake open, and cannot be reached.',
    next: 'End the process that is named, or name another data folder with COUNTERFOIL_DATA.',
  },
  'lake.too-costly': {
    status: 422,
    says: 'This query was stopped: it would have used more than one query may.',
    next: 'Ask for a shorter time, or say more about what you look for.',
  },
  'lake.query': {
    status: 400,
    says: 'This query cannot be read.',
    next: 'Mend the place that is named; the syntax is in docs/lake-search.md.',
  },
  'seal.key-missing': {
    status: 500,
    says: 'A secret was sealed by a key that this process does not have.',
    next: 'Give it the key as a further line of seal.key (or of COUNTERFOIL_SEAL_KEY) and restart, or enter the secret anew.',
  },
  'file.invalid': {
    status: 400,
    says: 'This file cannot be taken as it is.',
    next: 'Nothing of it was taken. Mend what is named here, or export the file anew: it may have been cut short, or be of another kind.',
  },
  'import.busy': {
    status: 409,
    says: 'Another import of the same kind is under way.',
    next: 'Nothing of yours was changed. Wait until the other is done, and try again.',
  },
  'file.unreadable': { status: 400, says: 'This file could not be read.', next: 'Check the path and its permissions.' },
} as const satisfies Record<string, { status: number; says: string; next: string }>

export type TroubleCode = keyof typeof troubles

/** An error that a person can act on. `details` are for the log and for field names, never for secrets. */
export class Trouble extends Error {
  readonly code: TroubleCode
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: TroubleCode, details: Readonly<Record<string, unknown>> = {}, cause?: unknown) {
    super(`${code}: ${troubles[code].says}`, cause === undefined ? undefined : { cause })
    this.name = 'Trouble'
    this.code = code
    this.details = details
  }

  get status(): number {
    return troubles[this.code].status
  }
}

/** True for a Trouble of one of these codes (of any code when none is given). */
export function isTrouble(error: unknown, ...codes: TroubleCode[]): error is Trouble {
  return error instanceof Trouble && (codes.length === 0 || codes.includes(error.code))
}

/** The words of whatever was thrown, for a log line or a `why`. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** What is wrong in the words of the place that noticed, for those who run the house; of other errors their message. */
export function problemOf(error: unknown): string {
  return isTrouble(error) ? String(error.details['problem'] ?? error.message) : wordsOf(error)
}
