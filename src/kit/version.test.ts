import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { version } from './version.ts'

test('the program says the version that package.json has', () => {
  const file = path.resolve(import.meta.dirname, '../../package.json')
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ version })
})
