import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { ensureWebApp } from './web-build.ts'

const root = path.resolve(import.meta.dirname, '..')
const library = path.join(root, 'node_modules', '@mantine', 'core', 'styles')
const assets = path.join(root, 'web', 'dist', 'assets')

const textOf = (folder: string, ending: string): string =>
  readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => readFileSync(path.join(folder, name), 'utf8'))
    .join('\n')
/** The library names its classes by a digest of the component. */
const classesIn = (text: string): Set<string> => new Set(text.match(/\bm_[0-9a-f]{6,8}\b/g))

beforeAll(ensureWebApp, 180_000)

test('each component of the library that is used has its styles: where one is named, add its file to web/src/parts/mantine.css', () => {
  const styled = classesIn(textOf(assets, '.css'))
  const used = classesIn(textOf(assets, '.js'))
  const missing = readdirSync(library)
    .filter((name) => name.endsWith('.css') && !name.endsWith('.layer.css'))
    .filter((name) =>
      [...classesIn(readFileSync(path.join(library, name), 'utf8'))].some((one) => used.has(one) && !styled.has(one)),
    )
  expect(used.size).toBeGreaterThan(50)
  expect(missing).toEqual([])
})

test('the styles stand in the order of the library, in which the later wins', () => {
  const all = readFileSync(path.join(root, 'node_modules', '@mantine', 'core', 'styles.css'), 'utf8')
  const named =
    readFileSync(path.join(root, 'web', 'src', 'parts', 'mantine.css'), 'utf8').match(/[\w-]+\.css(?=['"];)/g) ?? []
  const places = named.map((name) => all.indexOf(readFileSync(path.join(library, name), 'utf8').slice(0, 60).trim()))
  expect(places.length).toBeGreaterThan(20)
  expect(places).toEqual(places.toSorted((a, b) => a - b))
  expect(places[0]).toBe(0)
})
