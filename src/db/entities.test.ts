import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { freshDatabase } from '../../test/database.ts'
import { assetsByAddress, assetsByName, peopleByKey } from './context.ts'
import { migrate } from './migrate.ts'

test('lists of an installation from before several sources were one are found as before, and joined by the same rule', async () => {
  const house = await freshDatabase()
  try {
    await sql`drop schema public cascade`.execute(house.db)
    await sql`create schema public`.execute(house.db)
    await migrate(house.url, { through: '0005-detections.sql' })
    const asOf = '2026-10-01T00:00:00.000Z'
    const assets = [
      ['cmdb/1', 'PAY-01', '192.0.2.7'],
      ['scan/pay-01.corp.example', 'pay-01.corp.example', '192.0.2.8'],
      ['cmdb/2', 'printer', '192.0.2.9'],
      ['cmdb/3', 'printer', '192.0.2.10'],
    ] as const
    for (const [id, name, address] of assets) {
      const facts = JSON.stringify({ id, name, addresses: [address] })
      const names = [name.toLowerCase(), name.toLowerCase().split('.')[0]]
      await sql`insert into asset (id, name, facts, names, addresses, source, as_of)
        values (${id}, ${name}, ${facts}, ${names}, array[${address}::inet], ${id.split('/')[0]}, ${asOf})`.execute(
        house.db,
      )
    }
    for (const [id, mail] of [
      ['hr/1', 'Ada@example.com'],
      ['ad/9', 'ada@example.com'],
      ['ad/10', null],
    ] as const) {
      const facts = JSON.stringify({ id, name: 'Ada Meyer', email: mail })
      await sql`insert into person (id, name, facts, keys, source, as_of)
        values (${id}, 'Ada Meyer', ${facts}, array['ada meyer'], ${id.split('/')[0]}, ${asOf})`.execute(house.db)
    }
    await migrate(house.url)
    const [pay, ...more] = await assetsByName(house.db, ['pay-01'])
    expect(more).toEqual([])
    expect(pay).toMatchObject({ entity: 'pay-01.corp.example', sources: ['cmdb', 'scan'] })
    expect(await assetsByAddress(house.db, '192.0.2.9')).toMatchObject([{ entity: 'cmdb/2' }])
    expect((await peopleByKey(house.db, ['ada meyer'])).map(({ entity }) => entity)).toEqual([
      'ad/10',
      'ada@example.com',
    ])
  } finally {
    await house.close()
  }
})
