import type { PackField } from '../../../../src/model/context-pack.ts'

export const fieldWords: Readonly<Record<PackField, string>> = {
  name: 'Name',
  aliases: 'Other names',
  addresses: 'Addresses',
  owner: 'Owner',
  ownerEmail: 'Owner’s mail',
  role: 'Business role',
  application: 'Application',
  environment: 'Environment',
  criticality: 'Criticality',
  sensitivity: 'Sensitivity',
  regulatory: 'Regulation',
  exposed: 'Open to the internet',
  site: 'Site',
  tags: 'Tags',
  software: 'Software',
}
