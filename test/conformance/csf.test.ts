import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { csfCategoryTitle, csfIds } from '../../src/model/csf.ts'

const file = path.join(import.meta.dirname, '..', '..', '..', 'shared', 'corpus', 'frameworks', 'nist-csf-2.0.json')
const Entry = z.looseObject({ ref_id: z.string(), depth: z.int(), name: z.string().optional() })

test.skipIf(!existsSync(file))('our list of CSF 2.0 subcategories is the official one', () => {
  const entries = z.array(Entry).parse(JSON.parse(readFileSync(file, 'utf8')))
  const official = entries.filter((entry) => entry.depth === 3).map((entry) => entry.ref_id)
  expect(official.length).toBe(106)
  expect([...csfIds].sort()).toEqual(official.sort())
  for (const { ref_id, name } of entries.filter(
    (entry) => entry.depth === 2 && official.some((id) => id.startsWith(entry.ref_id)),
  ))
    expect(csfCategoryTitle(`${ref_id}-01`)).toBe(name)
})
