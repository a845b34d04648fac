import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { connectorKinds } from '../src/connectors/kinds.ts'
import { connectorPage, pagesFolder } from '../tools/connector-docs.ts'

test('every kind of connector has its page, and the page is that of its form: run `node tools/connector-docs.ts` after a change', () => {
  const files = readdirSync(pagesFolder).filter((name) => name.endsWith('.md'))
  expect(connectorKinds.length).toBeGreaterThan(0)
  expect(files.toSorted()).toEqual(connectorKinds.map(({ kind }) => `${kind}.md`).toSorted())
  for (const kind of connectorKinds)
    expect(readFileSync(path.join(pagesFolder, `${kind.kind}.md`), 'utf8')).toBe(connectorPage(kind))
})

test('docs/connectors.md, or the table of REST sources, names every kind', () => {
  const pages = ['connectors.md', 'connector-catalogue.md'].map((name) =>
    readFileSync(path.join(pagesFolder, '..', name), 'utf8'),
  )
  const page = pages.join('')
  for (const { kind } of connectorKinds) expect(page).toContain(`(connectors/${kind}.md)`)
})
