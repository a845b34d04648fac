import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { copyOut } from './copy.ts'

let house: FreshDatabase
beforeAll(async () => {
  house = await freshDatabase()
})
afterAll(() => house.close())

test('a last row that fills the buffer leaves the connection open for the next statement', {
  timeout: 10_000,
}, async () => {
  const client = new pg.Client({ connectionString: house.url })
  await client.connect()
  for (const sizeMiB of [1, 2, 5, 9]) {
    const copied: Buffer[] = []
    const copying = copyOut(client, `copy (select repeat('x', ${sizeMiB} * 1024 * 1024 + 1)) to stdout`)
    let next = await copying.next()
    for (; next.done !== true; next = await copying.next()) copied.push(next.value)
    expect(next.value).toBe(1)
    expect(Buffer.concat(copied).length).toBe(sizeMiB * 1024 * 1024 + 2)
    const { rows } = await client.query<{ n: number }>('select 1 as n')
    expect(rows).toEqual([{ n: 1 }])
  }
  await client.end()
})
