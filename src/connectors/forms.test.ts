import { expect, test } from 'vitest'
import { z } from 'zod'
import { connectorKinds } from './kinds.ts'

test('every choice in the form of a connector is said in words', () => {
  const choices = connectorKinds.flatMap(({ kind, settings }) => {
    const { properties = {} } = z.toJSONSchema(settings, { io: 'input', unrepresentable: 'any' })
    return Object.entries(properties).flatMap(([name, field]) => {
      const { enum: values, words } = field as { enum?: string[]; words?: Record<string, string> }
      return values === undefined ? [] : [{ of: `${kind}.${name}`, values, said: Object.keys(words ?? {}) }]
    })
  })
  expect(choices.map(({ of }) => of)).toContain('ldap.security')
  for (const { of, values, said } of choices) expect(said, of).toEqual(values)
})
