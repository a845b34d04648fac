import fc from 'fast-check'
import { expect, test } from 'vitest'
import { providerIdOf } from './provider-id.ts'

test('a name gives an id that reads like it, in whatever script it is written', () => {
  expect(providerIdOf('Northwatch MDR')).toBe('northwatch-mdr')
  expect(providerIdOf('Société Générale de Sécurité')).toBe('societe-generale-de-securite')
  expect(providerIdOf('安全')).toBe('provider-5b895168')
  expect(providerIdOf('  ')).toBe('')
  expect(providerIdOf(`${'a'.repeat(59)} b`)).toBe('a'.repeat(59))
})

test('whatever has a sign in it gives an id that the server takes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (name) => {
      const id = providerIdOf(name)
      if (name.trim() !== '') expect(id).toMatch(/^[a-z0-9][a-z0-9-]{0,62}$/)
    }),
  )
})
