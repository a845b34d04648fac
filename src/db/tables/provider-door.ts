import type { Generated } from 'kysely'
import type { OrNull, Texts, Timestamp } from './columns.ts'

type ProviderDoorTable = {
  provider_id: string
  ranges: Texts
  requests_per_day: Generated<number>
  version: Generated<number>
  changed_by: string
  changed_at: Timestamp
}

type ProviderRequestTable = {
  id: string
  provider_id: string
  asked_by: string
  observable: string
  why: string
  message_id: string
  asked_at: Timestamp
  key_id: OrNull<string>
}

type ProviderLookTable = {
  provider_id: string
  user_id: string
  what: string
  subject: string
  hour: Timestamp
  at: Timestamp
  address: string
  key_id: OrNull<string>
}

export type ProviderDoorTables = {
  provider_door: ProviderDoorTable
  provider_request: ProviderRequestTable
  provider_look: ProviderLookTable
}
