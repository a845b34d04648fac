import type { ConnectorKind } from '../model/connector-kind.ts'
import { command } from './command/index.ts'
import { dns } from './dns/index.ts'
import { catalogueKinds } from './http-json/kinds.ts'
import { ldap } from './ldap/index.ts'
import { maxmind } from './maxmind/index.ts'
import { rdap } from './rdap/index.ts'
import { sql } from './sql/index.ts'
import { ssh } from './ssh/index.ts'

/** Every kind of connector that can be set up, in the order of the page. A new one is a folder and a line here; a REST source is a YAML file. */
export const connectorKinds: readonly ConnectorKind[] = [
  ldap,
  sql,
  command,
  ssh,
  dns,
  rdap,
  maxmind,
  ...catalogueKinds(),
]
