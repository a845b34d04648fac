import type { Jsonb, JsonbOrNull, Texts, Timestamp, TimestampOrNull } from './columns.ts'

type AssetTable = {
  id: string
  name: string
  facts: Jsonb
  names: string[]
  addresses: Texts
  source: string
  as_of: Timestamp
  entity: string
  fields: JsonbOrNull
}

type PersonTable = {
  id: string
  name: string
  facts: Jsonb
  keys: string[]
  source: string
  as_of: Timestamp
  entity: string
  fields: JsonbOrNull
}

type NetworkTable = { cidr: string; facts: Jsonb; source: string; as_of: Timestamp }

type AddressLeaseTable = {
  address: string
  from_at: Timestamp
  to_at: TimestampOrNull
  source: string
  kind: string
  host: string | null
  account: string | null
  mac: string | null
}

type CalendarEntryTable = {
  id: string
  source: string
  from_at: Timestamp
  to_at: Timestamp
  facts: Jsonb
  names: Texts
  targets: Texts
  origins: Texts
}

type ContextEditTable = {
  id: string
  noun: string
  entity: string
  field: string
  before: Jsonb
  after: Jsonb
  given_back: boolean
  note: string
  done_by: string
  done_at: Timestamp
}

type ListMappingTable = {
  noun: string
  name: string
  mapping: Jsonb
  saved_by: string
  saved_at: Timestamp
}

type ImportBatchTable = {
  id: string
  noun: string
  source: string
  mapping: Jsonb
  rows_in: number
  rows_taken: number
  rows_refused: Jsonb
  done_by: string
  done_at: Timestamp
  added: number | null
  changed: number | null
  gone: number | null
}

export type ContextTables = {
  asset: AssetTable
  person: PersonTable
  network: NetworkTable
  address_lease: AddressLeaseTable
  calendar_entry: CalendarEntryTable
  context_edit: ContextEditTable
  list_mapping: ListMappingTable
  import_batch: ImportBatchTable
}
