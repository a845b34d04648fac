import type { Step } from '../../../../src/model/playbook.ts'

const kinds: Readonly<Record<Step['step'], string>> = {
  ask: 'Asks its sources',
  'decide-proposal': 'Proposes a decision',
  'wait-for-person': 'Waits for a person',
  notify: 'Tells our own people',
  reply: 'Drafts the answer',
  checklist: 'A list for a person',
  branch: 'Goes one way or another',
  'sub-playbook': 'Runs another playbook',
}
/** What a kind of step does, in words. The journal and the file call it by its own name. */
export const kindOfStep = (kind: string): string => kinds[kind as Step['step']] ?? kind

const phases: Readonly<Record<Step['phase'], string>> = {
  preparation: 'preparation',
  detection: 'detection',
  analysis: 'analysis',
  containment: 'containment',
  eradication: 'eradication',
  recovery: 'recovery',
  'post-incident': 'after the incident',
}
export const phaseWords = (phase: string): string => phases[phase as Step['phase']] ?? phase

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
