// `npm run check`: types, lint with the rules of the house, format, unused code. Each says its result; exit 1 if any fails.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'

const root = path.resolve(import.meta.dirname, '..')

/** `saw`: words in the output that tell how many files were looked at; a checker that is green on nothing is red. */
type Step = { readonly name: string; readonly bin: string; readonly args: readonly string[]; readonly saw?: RegExp }

const steps: readonly Step[] = [
  { name: 'types', bin: 'tsc', args: ['-p', '.', '--diagnostics'], saw: /^Files:\s+(\d+)/m },
  { name: 'types of the web', bin: 'tsc', args: ['-p', 'web/tsconfig.json', '--diagnostics'], saw: /^Files:\s+(\d+)/m },
  { name: 'lint', bin: 'oxlint', args: ['--type-aware'], saw: /on (\d+) files/ },
  { name: 'format', bin: 'biome', args: ['ci', '.'], saw: /Checked (\d+) files/ },
  { name: 'unused code', bin: 'knip', args: [] },
]

/** Fewer files than this and the checker looked at the wrong place. */
const filesMin = 50

function run({ bin, args }: Step): Promise<{ readonly code: number; readonly output: string }> {
  const file = path.join(root, 'node_modules', '.bin', bin)
  if (!existsSync(file)) throw new Error(`${bin} is not installed; run npm run setup`)
  return new Promise((resolve, reject) => {
    // Under this very Node: the machine's own may be older than the checkers need.
    const child = spawn(process.execPath, [file, ...args], { cwd: root, env: { ...process.env, NO_COLOR: '1' } })
    let output = ''
    const take = (chunk: Buffer): void => {
      output += chunk.toString()
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })
}

let failed = 0
for (const step of steps) {
  const began = performance.now()
  const { code, output } = await run(step)
  const files = step.saw === undefined ? null : Number(step.saw.exec(output)?.[1] ?? 0)
  const sawEnough = files === null || files >= filesMin
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  const result = code === 0 && sawEnough ? 'ok' : 'FAILED'
  const seen = files === null ? '' : `, ${files} files`
  if (result === 'FAILED') {
    failed++
    process.stdout.write(`${output.trimEnd()}\n`)
    if (!sawEnough) process.stdout.write(`${step.bin} saw ${files} files: that is not the house\n`)
  }
  process.stdout.write(`${result.padEnd(7)} ${step.name} (${seconds} s${seen})\n`)
}
process.exitCode = failed === 0 ? 0 : 1
