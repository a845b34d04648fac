import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Samba, sambaPassword, startSamba } from '../../../test/samba.ts'
import { fixedClock } from '../../kit/clock.ts'
import type { Connector } from '../../model/connector.ts'
import type { QuestionName } from '../../model/question.ts'
import { makeAsk } from '../ask.ts'
import { ldap } from './index.ts'

const clock = fixedClock('2026-11-02T09:00:00.000Z')
const context = { signal: new AbortController().signal, clock }
const users = 'CN=Users,DC=corp,DC=example'
let samba: Samba | null = null
let why = ''
let corp: Connector

/** Two accounts, a group in a group in Domain Admins, a machine with an owner; one account is disabled. */
const entries = `dn: CN=mweiss,${users}
changetype: modify
replace: displayName
displayName: Mara Weiss
-
replace: mail
mail: mara.weiss@corp.example

dn: CN=ameyer,${users}
changetype: modify
replace: displayName
displayName: Anna Meyer
-
replace: department
department: Finance
-
replace: manager
manager: CN=mweiss,${users}
-
replace: userAccountControl
userAccountControl: 514

dn: CN=Operators,${users}
changetype: add
objectClass: group
sAMAccountName: Operators
member: CN=mweiss,${users}

dn: CN=Domain Admins,${users}
changetype: modify
add: member
member: CN=Operators,${users}

dn: CN=PAY-DB-01,CN=Computers,DC=corp,DC=example
changetype: add
objectClass: computer
sAMAccountName: PAY-DB-01$
dNSHostName: pay-db-01.corp.example
managedBy: CN=mweiss,${users}
description: payroll database
`

beforeAll(async () => {
  const started = await startSamba(entries, ['reader', 'mweiss', 'ameyer'])
  if ('why' in started) {
    why = started.why
    process.stderr.write(`no Active Directory in this test: ${why}\n`)
    return
  }
  samba = started
  const settings = {
    ...{
      host: 'localhost',
      ca: samba.ca,
      baseDn: 'DC=corp,DC=example',
      bindDn: 'reader@corp.example',
      domains: ['CORP', 'corp.example'],
    },
    allowAddresses: ['127.0.0.0/8', '::1'],
  }
  corp = ldap.open({ id: 'corp', title: 'Corp', settings, secret: async () => sambaPassword })
}, 180_000)
afterAll(async () => {
  await corp?.close?.()
  await samba?.stop()
})

const asked = async (question: QuestionName, ask: Record<string, unknown>) =>
  (await makeAsk({ connectors: [corp], clock, news: () => undefined })(question, ask, context))[0]?.answered

test('Active Directory: people, managers, nested administrative groups, disabled accounts, machines and owners', async (suite) => {
  if (samba === null) return suite.skip(why)
  expect(await asked('person-of-account', { account: 'CORP\\mweiss' })).toMatchObject({
    kind: 'found',
    answer: {
      name: 'Mara Weiss',
      account: 'mweiss',
      privileged: true,
      id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    },
  })
  expect(await asked('person-of-account', { account: 'ameyer@corp.example' })).toMatchObject({
    answer: { name: 'Anna Meyer', department: 'Finance', manager: 'Mara Weiss', privileged: false },
  })
  const groups = await asked('groups-of-account', { account: 'mweiss' })
  expect(groups).toMatchObject({ kind: 'found', answer: { more: false } })
  const names = (groups as { answer: { groups: { name: string; privileged: boolean }[] } }).answer.groups.map(
    (one) => `${one.name} ${one.privileged}`,
  )
  // The primary group is in no `member`, and Domain Admins is in Administrators.
  expect(names).toEqual(
    expect.arrayContaining(['Operators false', 'Domain Admins true', 'Administrators true', 'Domain Users false']),
  )
  expect(await asked('account-state', { account: 'ameyer' })).toMatchObject({
    answer: { enabled: false, locked: false, expiresAt: null, createdAt: expect.stringMatching(/^20/) },
  })
  expect(await asked('account-state', { account: 'mweiss' })).toMatchObject({ answer: { enabled: true } })
  expect(await asked('owner-of-host', { host: 'pay-db-01' })).toMatchObject({
    kind: 'found',
    answer: { account: 'mweiss' },
  })
  expect(await asked('asset-of-host', { host: 'PAY-DB-01.corp.example' })).toMatchObject({
    answer: { name: 'pay-db-01.corp.example', role: 'payroll database', owner: 'Mara Weiss' },
  })
  expect(await asked('person-of-account', { account: 'PAY-DB-01$' })).toMatchObject({ kind: 'nothing' })
  expect(await asked('person-of-account', { account: '*' })).toMatchObject({ kind: 'nothing' })
  expect(await asked('person-of-account', { account: 'OTHER\\mweiss' })).toMatchObject({ kind: 'not-applicable' })
})
