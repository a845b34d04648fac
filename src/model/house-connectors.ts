/** The sources of the house and how they are called. Those that somebody set up have the short name that was given to them. */
export const houseConnectors = {
  'asset-list': 'Asset list',
  'people-list': 'People list',
  'own-networks': 'Own networks',
  'business-calendar': 'Business calendar',
  'past-alerts': 'Past alerts',
  person: 'A person',
  intelligence: 'Threat intelligence',
  'scanner-reports': 'Scanner reports',
  'log-lake': 'Log lake',
  /** Nobody who answers such a question was there. */
  none: 'Nobody',
} as const satisfies Readonly<Record<string, string>>

/** A source in words: one of the house by its name, another by the short name it was given. */
export function sourceWords(connector: string): string {
  return Object.hasOwn(houseConnectors, connector)
    ? houseConnectors[connector as keyof typeof houseConnectors]
    : connector
}
