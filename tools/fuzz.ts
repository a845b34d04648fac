// `npm run fuzz -- [ROUNDS] [FILE...]`: every property with new input, round by round, until one fails or the rounds are over.
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { glob, readFile } from 'node:fs/promises'
import path from 'node:path'

const root = path.resolve(import.meta.dirname, '..')
/** A round takes some three minutes on two cores. */
const roundsDefault = 10
/** fast-check's seeds are integers of 32 bits. */
const seedsMax = 2 ** 31

const help = `Every property of the tests with new input. What was found can be had again by the seed that is printed.

  npm run fuzz                                            ${roundsDefault} rounds
  npm run fuzz -- 100 src/lake/search/expression.test.ts  100 rounds of one file
  COUNTERFOIL_SEED=4711 npm test -- FILE                  the input of one round again
`

async function filesWithProperties(): Promise<readonly string[]> {
  const found: string[] = []
  for await (const file of glob('{src,test,tools,web/src}/**/*.test.ts', { cwd: root }))
    if ((await readFile(path.join(root, file), 'utf8')).includes("from 'fast-check'")) found.push(file)
  return found.toSorted()
}

function round(files: readonly string[], seed: number): Promise<number> {
  const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs')
  return new Promise((resolve, reject) => {
    const env = { ...process.env, COUNTERFOIL_SEED: String(seed) }
    const child = spawn(process.execPath, [vitest, 'run', ...files], { cwd: root, env, stdio: 'inherit' })
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? 1))
  })
}

const [first = String(roundsDefault), ...named] = process.argv.slice(2)
const rounds = Number(first)
if (!Number.isInteger(rounds) || rounds < 1) {
  process.stderr.write(help)
  process.exitCode = ['-h', '--help'].includes(first) ? 0 : 2
} else {
  const files = named.length > 0 ? named : await filesWithProperties()
  for (let at = 1; at <= rounds && !process.exitCode; at += 1) {
    const seed = randomInt(seedsMax)
    process.stdout.write(`round ${at} of ${rounds}, ${files.length} files, COUNTERFOIL_SEED=${seed}\n`)
    process.exitCode = await round(files, seed)
  }
}
