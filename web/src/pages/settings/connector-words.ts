import type { ConnectorCard } from '../../../../src/contract/connectors.ts'

/** State words and their tone. */
export const stateWords: Record<ConnectorCard['state'], readonly [string, string]> = {
  active: ['Active', 'good'],
  failing: ['Failing', 'bad'],
  warning: ['Warning', 'warn'],
  silent: ['Silent', 'warn'],
  'not-configured': ['Not configured', ''],
  off: ['Off', ''],
}

export const findingWords = {
  found: 'Found',
  nothing: 'Looked, nothing there',
  'not-collected': 'Not collected',
  failed: 'Failed',
  'not-applicable': 'Not applicable',
} as const
