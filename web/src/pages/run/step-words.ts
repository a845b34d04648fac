/** Kinds of step whose work is seen outside the run: a mail to somebody, a draft to the provider. */
const effects: Readonly<Record<string, string>> = {
  notify: 'sends a mail to our own people',
  reply: 'drafts the answer to the provider',
  'wait-for-person': 'may ask a person by mail',
}

export const hasEffect = (kind: string): boolean => kind in effects
export const effectOf = (kind: string): string | undefined => effects[kind]

/** Waits for a person rather than works. */
export const isHumanWait = (kind: string, state: string): boolean =>
  state === 'waiting' || kind === 'wait-for-person' || kind === 'checklist'
