import type { EgressKind, EgressState } from '../../../../src/model/egress.ts'

export const stateWords: Record<EgressState, string> = {
  released: 'Held',
  leaving: 'Leaving now',
  left: 'Left',
  unconfirmed: 'Unconfirmed',
  refused: 'Did not leave',
  withdrawn: 'Taken back',
  'dry-run': 'Dry run',
}
export const stateTags: Record<EgressState, string> = {
  released: 'accent',
  leaving: 'accent',
  left: 'good',
  unconfirmed: 'bad',
  refused: 'bad',
  withdrawn: '',
  'dry-run': 'warn',
}
export const kindWords: Record<EgressKind, string> = {
  reply: 'Answer',
  pack: 'Context pack',
  chat: 'Message to a chat',
  ticket: 'To a ticket elsewhere',
}
