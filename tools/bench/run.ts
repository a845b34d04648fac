import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import type { BenchResult } from './result.ts'

const root = path.resolve(import.meta.dirname, '../..')
const all = [
  'observables',
  'mail',
  'context',
  'vulnerabilities',
  'intelligence',
  'intake',
  'playbooks',
  'backtest',
  'queue',
  'desk',
  'xray',
  'start',
  'lake',
  'lake-sigma',
  'search',
  'similar',
  'ledger',
  'repeat',
] as const
const help = `npm run bench [-- NAME...] [--write]

Each benchmark runs in a process of its own, one after the other, so that none warms or starves the next; all of them take about an hour.
  --write   puts the figures into docs/benchmarks.md, in place of all that stand there
  --help    this

Names: ${all.join(', ')}
Examples:
  npm run bench -- queue search
  BENCH_ALERTS=100000 npm run bench -- similar      fewer alerts than the million of the goal (search, similar)

Exit 1 when a goal is missed.
`
const { values: flags, positionals } = parseArgs({
  options: { write: { type: 'boolean' }, help: { type: 'boolean' } },
  allowPositionals: true,
})
if (flags.help) {
  process.stdout.write(help)
  process.exit(0)
}
const names = positionals.length > 0 ? positionals : all
const mark = 'BENCH-RESULTS '
const benchMsMax = 20 * 60_000 // The longest, intake, sustains its load for a minute and then drains.

function runOne(name: string): BenchResult[] {
  const file = path.join(import.meta.dirname, `${name}.ts`)
  if (!existsSync(file)) throw new Error(`there is no benchmark ${name}; there are: ${all.join(', ')}`)
  const code = `const { bench } = await import(${JSON.stringify(file)}); process.stdout.write('\\n${mark}' + JSON.stringify(await bench()) + '\\n'); process.exit(0)`
  const done = spawnSync(process.execPath, ['--expose-gc', '--input-type=module', '-e', code], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    timeout: benchMsMax,
    maxBuffer: 64 * 1024 * 1024,
  })
  const line = done.stdout.split('\n').findLast((text) => text.startsWith(mark))
  if (line === undefined)
    return [
      { name, value: Number.NaN, unit: '', goal: 'runs', ok: false, note: `ended with ${done.status ?? done.signal}` },
    ]
  return JSON.parse(line.slice(mark.length)) as BenchResult[]
}

const shown = (value: number): string => (Number.isFinite(value) ? String(Number(value.toPrecision(4))) : 'no figure')
const results: BenchResult[] = []
for (const name of names) {
  process.stderr.write(`bench ${name} ...\n`)
  for (const result of runOne(name)) {
    results.push(result)
    process.stdout.write(
      `${result.ok ? 'ok    ' : 'MISSED'} ${result.name}: ${shown(result.value)} ${result.unit} (goal ${result.goal})${result.note === undefined ? '' : `  ${result.note}`}\n`,
    )
  }
}

if (flags.write) {
  const file = path.join(root, 'docs', 'benchmarks.md')
  const [begin, end] = ['<!-- figures -->', '<!-- /figures -->']
  const text = readFileSync(file, 'utf8')
  const rows = results.map(
    ({ name, value, unit, goal, ok, note }) =>
      `| ${name} | ${shown(value)} ${unit} | ${goal} | ${ok ? 'yes' : '**no**'} | ${note ?? ''} |`,
  )
  const machine = `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`
  const table = [
    `Taken ${machine}.`,
    '',
    '| what | figure | goal | met | how |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n')
  writeFileSync(
    file,
    `${text.slice(0, text.indexOf(begin) + begin.length)}\n${table}\n${text.slice(text.indexOf(end))}`,
  )
}
process.exitCode = results.every((result) => result.ok) ? 0 : 1
