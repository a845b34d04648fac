import { expect, test } from 'vitest'
import { z } from 'zod'
import { newId } from '../web/src/parts/new-id.ts'

test('ids made in a browser that has no randomUUID are random UUIDs of version 4', () => {
  const made = Array.from({ length: 1000 }, newId)
  expect(new Set(made).size).toBe(1000)
  for (const id of made) expect(z.uuidv4().safeParse(id).success, id).toBe(true)
})
