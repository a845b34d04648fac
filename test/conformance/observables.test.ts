import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { extract } from '../../src/observables/extract.ts'

const shared = path.resolve(import.meta.dirname, '../../../shared')
const corpus = path.join(shared, 'corpus/observables')
const labels = path.join(corpus, 'labels.json')
const scorer = path.join(shared, 'score/observables.py')
const f1Min = 0.98

type Score = Record<string, { tp: number; fp: number; fn: number; f1: number }>

test('observables of the labelled corpus are read with an F1 of at least 0.98', (context) => {
  if (!existsSync(labels) || !existsSync(scorer)) {
    console.log('observables: no corpus beside the checkout, passed over')
    context.skip()
  }
  const lines: string[] = []
  const documents = readdirSync(corpus).filter((name) => name.endsWith('.txt'))
  for (const name of documents) {
    const doc = name.slice(0, -'.txt'.length)
    for (const { type, value } of extract(readFileSync(path.join(corpus, name), 'utf8'))) {
      lines.push(JSON.stringify({ doc, type, value }))
    }
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'counterfoil-observables-'))
  try {
    const predictions = path.join(folder, 'predictions.jsonl')
    writeFileSync(predictions, lines.join('\n'))
    const score = JSON.parse(
      execFileSync('python3', [scorer, labels, predictions, '--json'], { encoding: 'utf8' }),
    ) as Score
    const all = score.ALL
    console.log(
      `observables: ${documents.length} documents, tp ${all?.tp}, fp ${all?.fp}, fn ${all?.fn}, F1 ${all?.f1.toFixed(4)}`,
    )
    expect(documents.length).toBeGreaterThan(0)
    expect(all?.tp).toBeGreaterThan(0)
    expect(all?.f1).toBeGreaterThanOrEqual(f1Min)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
