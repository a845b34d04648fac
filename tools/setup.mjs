// Brings a bare checkout to where it can run: Node 24, the dependencies, the built web pages. Depends on nothing but Node 20 and npm,
// does each piece once (a stamp holds the digest of what it was made from), and prints what it does.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
const runtime = path.join(root, '.runtime')
const nodeMajorMin = 24 // The newest mailauth, kysely, undici and graphile-worker need 22 or more; 24 is the long-term line.

const say = (text) => process.stderr.write(`counterfoil set-up: ${text}\n`)

/** Stops set-up with a sentence that says what to do. */
function fail(text) {
  process.stderr.write(`counterfoil set-up failed: ${text}\n`)
  process.exit(1)
}

function digestOf(files) {
  const hash = createHash('sha256')
  for (const file of files) hash.update(path.relative(root, file)).update('\0').update(readFileSync(file)).update('\0')
  return hash.digest('hex')
}

const stampIs = (file, digest) => existsSync(file) && readFileSync(file, 'utf8') === digest

/** The path of a Node 24 or newer: this one, or one brought along from npm (locked by digest in tools/runtime). */
function nodeFolder() {
  if (Number(process.versions.node.split('.')[0]) >= nodeMajorMin) return path.dirname(process.execPath)
  const folder = path.join(runtime, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin')
  const lock = path.join(root, 'tools', 'runtime', 'package-lock.json')
  const stamp = path.join(runtime, 'stamp')
  const digest = digestOf([lock])
  if (stampIs(stamp, digest) && existsSync(path.join(folder, 'node'))) return folder
  say(`this is Node ${process.versions.node}; bringing Node ${nodeMajorMin} along (about 185 MB, once) ...`)
  mkdirSync(runtime, { recursive: true })
  for (const file of ['package.json', 'package-lock.json'])
    cpSync(path.join(root, 'tools', 'runtime', file), path.join(runtime, file))
  const done = npm(
    ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    runtime,
    process.env,
  )
  if (!done || !existsSync(path.join(folder, 'node'))) {
    fail(
      `Node ${nodeMajorMin} could not be fetched for ${process.platform}-${process.arch}. Install Node ${nodeMajorMin} or newer by hand and try again.`,
    )
  }
  writeFileSync(stamp, digest)
  return folder
}

function npm(args, cwd, env) {
  // npm's own variables of an outer `npm run` would send this install to the wrong folder.
  const clean = Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^npm_(config_(prefix|local_prefix)|package_|lifecycle_)/.test(name)),
  )
  const done = spawnSync(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, {
    cwd,
    env: { ...clean, npm_config_update_notifier: 'false' },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (done.error) fail(`npm could not be started (${done.error.message}). Install npm 11.`)
  return done.status === 0
}

/** Installs what package-lock.json names, without running anybody's install script. */
function dependencies(env) {
  const lock = path.join(root, 'package-lock.json')
  const stamp = path.join(root, 'node_modules', '.counterfoil-stamp')
  const digest = digestOf([lock, path.join(root, 'package.json')])
  if (stampIs(stamp, digest)) return
  say('installing dependencies (once for each change of package-lock.json) ...')
  // Not `npm ci`: it refuses a lock that lacks packages of other platforms (decision 0002). --no-save leaves the lock as it is.
  if (!npm(['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], root, env)) {
    fail('the dependencies could not be installed. Is the npm registry reachable? The lines above say more.')
  }
  writeFileSync(stamp, digest)
}

function filesBelow(folder) {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const file = path.join(folder, name)
      if (name === 'node_modules' || name === 'dist') return []
      return statSync(file).isDirectory() ? filesBelow(file) : [file]
    })
}

/** Builds the web pages when their sources changed. */
function webPages(env) {
  if (!existsSync(path.join(root, 'web', 'vite.config.ts'))) return
  const sources = [
    ...filesBelow(path.join(root, 'web')),
    ...filesBelow(path.join(root, 'src', 'contract')),
    ...filesBelow(path.join(root, 'src', 'model')),
    path.join(root, 'package-lock.json'),
  ]
  const stamp = path.join(root, 'web', 'dist', '.stamp')
  const digest = digestOf(sources)
  if (stampIs(stamp, digest)) return
  say('building the web pages ...')
  rmSync(path.join(root, 'web', 'dist'), { recursive: true, force: true })
  const done = spawnSync(path.join(root, 'node_modules', '.bin', 'vite'), ['build', 'web', '--logLevel', 'warn'], {
    cwd: root,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (done.status !== 0) fail('the web pages could not be built; the lines above say why.')
  writeFileSync(stamp, digest)
}

/** Does what is missing. Returns the environment in which the product runs (Node 24 and our binaries first on PATH). */
export function setup({ web = true } = {}) {
  const folder = nodeFolder()
  const env = {
    ...process.env,
    PATH: [folder, path.join(root, 'node_modules', '.bin'), process.env.PATH].join(path.delimiter),
    // What Node made of our modules at the last start: a server takes 1.1 s of CPU to read them in place of 1.85. Whoever may write here may
    // change the code itself, which is not true of the folder for temporary files that Node would take.
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? path.join(runtime, 'compile-cache'),
  }
  dependencies(env)
  if (web) webPages(env)
  return { env, node: path.join(folder, process.platform === 'win32' ? 'node.exe' : 'node') }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  setup()
  say('ready')
}
