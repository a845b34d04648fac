import { z } from 'zod'
import { allowForm, caForm, hostForm, limitForms, portForm } from '../reach.ts'

/** What an attribute of the directory is called. An empty name: the directory has none. */
const attributeNames = [
  'account',
  'principal',
  'mail',
  'name',
  'department',
  'title',
  'manager',
  'hostName',
  'hostFullName',
  'hostOwner',
  'hostRole',
  'hostSite',
  'hostAddress',
] as const
export type AttributeName = (typeof attributeNames)[number]
type Attributes = Readonly<Record<AttributeName, string>>

export type Preset = {
  readonly personClass: string
  readonly hostClass: string
  readonly id: { readonly name: string; readonly binary: boolean }
  readonly attributes: Attributes
}

/** Microsoft's names: https://learn.microsoft.com/windows/win32/adschema; RFC 2798, RFC 4519 and RFC 2307 name the others. */
export const presets: Readonly<Record<'active-directory' | 'openldap', Preset>> = {
  'active-directory': {
    personClass: 'user',
    hostClass: 'computer',
    id: { name: 'objectGUID', binary: true },
    attributes: {
      account: 'sAMAccountName',
      principal: 'userPrincipalName',
      mail: 'mail',
      name: 'displayName',
      department: 'department',
      title: 'title',
      manager: 'manager',
      hostName: 'cn',
      hostFullName: 'dNSHostName',
      hostOwner: 'managedBy',
      hostRole: 'description',
      hostSite: 'location',
      hostAddress: '',
    },
  },
  openldap: {
    personClass: 'inetOrgPerson',
    hostClass: 'device',
    id: { name: 'entryUUID', binary: false },
    attributes: {
      account: 'uid',
      principal: '',
      mail: 'mail',
      name: 'displayName',
      department: 'departmentNumber',
      title: 'title',
      manager: 'manager',
      hostName: 'cn',
      hostFullName: '',
      hostOwner: 'owner',
      hostRole: 'description',
      hostSite: 'l',
      hostAddress: 'ipHostNumber',
    },
  },
}

/** RFC 4512, 1.4: a name or a numeric OID. What is neither could end a request in the middle. */
const attributeForm = z
  .string()
  .regex(/^(?:[A-Za-z][A-Za-z0-9-]{0,62}|\d+(?:\.\d+)*)?$/, 'this is no name of an attribute')
const dnForm = z.string().trim().max(1_000)

export const LdapSettings = z.strictObject({
  host: hostForm.describe('Its name as the certificate has it'),
  port: portForm(636).describe('636 for LDAPS, 389 for STARTTLS'),
  security: z
    .enum(['ldaps', 'starttls', 'plain-text'])
    .default('ldaps')
    .meta({ title: 'Encryption', words: { ldaps: 'LDAPS', starttls: 'STARTTLS', 'plain-text': 'None (plain text)' } })
    .describe('Plain text: the password and every answer can be read on the way'),
  ca: caForm,
  schema: z
    .enum(['active-directory', 'openldap'])
    .default('active-directory')
    .meta({ title: 'Kind of directory', words: { 'active-directory': 'Active Directory', openldap: 'OpenLDAP' } }),
  baseDn: dnForm.min(1).meta({ title: 'Base DN' }).describe('Where to look: DC=corp,DC=example,DC=com'),
  bindDn: dnForm
    .default('')
    .meta({ title: 'Bind as' })
    .describe('DN, or user@domain in Active Directory, of an account that may read and nothing else. Empty: anonymous'),
  personBase: dnForm.default('').meta({ title: 'People are below' }).describe('Empty: the base DN'),
  hostBase: dnForm.default('').meta({ title: 'Machines are below' }).describe('Empty: the base DN'),
  groupBase: dnForm.default('').meta({ title: 'Groups are below' }).describe('Empty: the base DN'),
  domains: z
    .array(z.string().trim().min(1).max(253))
    .max(50)
    .default([])
    .meta({ title: 'Domains of its accounts' })
    .describe(
      'CORP, corp.example: accounts of other domains are not looked up here. Empty: a domain before or after the account is not compared, and the answer says so',
    ),
  privilegedGroups: z
    .array(z.string().trim().min(1).max(1_000))
    .max(100)
    .default([])
    .meta({ title: 'Privileged groups' })
    .describe('Names or DNs. In Active Directory its own administrative groups count without being named'),
  attributes: z
    .partialRecord(z.enum(attributeNames), attributeForm)
    .default({})
    .meta({ title: 'Attributes that are called otherwise' })
    .describe(`Of: ${attributeNames.join(', ')}`),
  allowAddresses: allowForm,
  ...limitForms({ timeoutMs: 5_000, concurrency: 4, perMinute: 600 }),
})
export type LdapSettings = z.infer<typeof LdapSettings>

/** A directory as it is read: preset and what the settings say otherwise. */
export type Directory = Preset & {
  readonly activeDirectory: boolean
  readonly personBase: string
  readonly hostBase: string
  readonly groupBase: string
  readonly domains: readonly string[]
  readonly privilegedGroups: readonly string[]
}

export function directoryOf(settings: LdapSettings): Directory {
  const preset = presets[settings.schema]
  const given = Object.entries(settings.attributes).filter(([, name]) => name !== undefined)
  return {
    ...preset,
    attributes: { ...preset.attributes, ...(Object.fromEntries(given) as Partial<Attributes>) },
    activeDirectory: settings.schema === 'active-directory',
    personBase: settings.personBase || settings.baseDn,
    hostBase: settings.hostBase || settings.baseDn,
    groupBase: settings.groupBase || settings.baseDn,
    domains: settings.domains.map((domain) => domain.toLowerCase()),
    privilegedGroups: settings.privilegedGroups.map((group) => group.toLowerCase()),
  }
}
