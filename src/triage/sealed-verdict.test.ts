import { expect, test } from 'vitest'
import { authentication } from '../../test/house.ts'
import type { SealedSeen } from '../model/doors.ts'
import { sealedVerdict, withSealed } from './sealed-verdict.ts'

const acme = { id: 'acme', name: 'Acme MDR' }
const from = 'soc@provider.example'
const seen: SealedSeen = {
  ...{ method: 'smime', encrypted: 'no', signature: 'valid', problem: null, signedAt: null },
  signer: { fingerprint: 'ab'.repeat(32), emails: [from], subject: 'CN=soc' },
  vouchers: [{ providerId: 'acme', by: 'pinned' }],
}

test('a signature counts for the provider whose certificate it is, and for no other', () => {
  expect(sealedVerdict(seen, acme, from)).toMatchObject({
    signature: 'valid',
    by: 'pinned',
    fingerprint: 'ab'.repeat(32),
  })
  expect(sealedVerdict(seen, { id: 'other', name: 'Other' }, from)).toMatchObject({ signature: 'foreign', by: null })
  expect(sealedVerdict(seen, null, from)).toMatchObject({ signature: 'foreign' })
})

test('an authority vouches only for the address that the mail is from; a pinned certificate of another address is named', () => {
  const issued: SealedSeen = { ...seen, vouchers: [{ providerId: 'acme', by: 'chain' }] }
  expect(sealedVerdict(issued, acme, from)).toMatchObject({ signature: 'valid', by: 'chain' })
  expect(sealedVerdict(issued, acme, 'lead@provider.example')).toMatchObject({ signature: 'foreign' })
  expect(sealedVerdict(seen, acme, 'lead@provider.example').says).toContain('not made out to lead@provider.example')
})

test('a broken signature keeps a mail out whatever DKIM says, and a good one lets nothing in', () => {
  const broken = sealedVerdict(
    { ...seen, signature: 'broken', problem: 'the content is not the one that was signed' },
    acme,
    from,
  )
  expect(withSealed(authentication(true, 'acme'), broken)).toMatchObject({
    accepted: false,
    reasons: ['accepted by the test', expect.stringContaining('is broken: the content is not the one')],
  })
  expect(withSealed(authentication(false, 'acme'), sealedVerdict(seen, acme, from)).accepted).toBe(false)
  const unchecked = sealedVerdict({ ...seen, signature: 'unchecked', problem: 'took longer than 10000 ms' }, acme, from)
  expect(withSealed(authentication(true, 'acme'), unchecked)).toMatchObject({
    accepted: true,
    sealed: { signature: 'unchecked' },
  })
})

test('what could not be read says so with the next step, and never that there was nothing', () => {
  const shut: SealedSeen = {
    ...seen,
    signature: 'none',
    encrypted: 'not-to-us',
    problem: 'it is encrypted to no certificate of ours',
    signer: null,
    vouchers: [],
  }
  expect(sealedVerdict(shut, acme, from).says).toBe(
    'It could not be read: it is encrypted to no certificate of ours. Give them our certificate (Settings, Mail keys), and ask for it again.',
  )
})
