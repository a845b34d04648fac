#!/usr/bin/env node
// The command. Brings along what is missing (Node 24, dependencies), then runs src/cli.ts with it.
import path from 'node:path'
import { fileURLToPath } from 'node:url'

process.argv.splice(2, 0, 'counterfoil')
process.env.INIT_CWD = process.cwd()
await import(path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'tools', 'run.mjs'))
