import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { sha256Hex } from '../../kit/digest.ts'
import { Trouble } from '../../kit/errors.ts'
import type { Engine } from './engine.ts'

/** A statement that cannot be run twice names, in a comment, the question whose rows say that it was run already. */
const guard = /^-- unless: (.+)$/m

type Asks = Pick<Engine, 'rows' | 'command'>

const folder = path.resolve(import.meta.dirname, '..', 'schema')

/**
 * Brings the lake's tables up to this version: our SQL files in the order of their names, statement by statement, each file recorded with
 * its digest when it is through. ClickHouse has no transaction over several statements: every statement of a file can be run twice, or
 * says when it is not to be.
 * Throws Trouble('state.conflict') when a file that was applied has changed since: migrations only go forward.
 */
export async function migrateLake(statements: Asks, where: Engine['where']): Promise<void> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
  if (files.length === 0) throw new Trouble('internal', { folder, problem: 'no migration was found' })
  const texts = await Promise.all(
    files.map(async (name) => ({ name, text: await readFile(path.join(folder, name), 'utf8') })),
  )
  const replicated = where === 'cluster' && (await isReplicated(statements))
  await statements.command(
    fit(
      `CREATE TABLE IF NOT EXISTS migrations (name String, sha256 String, applied DateTime64(3, 'UTC') DEFAULT now64(3))
       ENGINE = ReplacingMergeTree ORDER BY name`,
      replicated,
    ),
  )
  const before = new Map(
    (await statements.rows<{ name: string; sha256: string }>('SELECT name, sha256 FROM migrations FINAL')).map(
      (row) => [row.name, row.sha256],
    ),
  )
  for (const { name, text } of texts) {
    const digest = sha256Hex(text)
    const known = before.get(name)
    if (known === digest) continue
    if (known !== undefined)
      throw new Trouble('state.conflict', { migration: name, problem: 'this migration was applied in another wording' })
    for (const statement of statementsOf(text)) {
      const unless = guard.exec(statement)?.[1]
      if (unless !== undefined && (await statements.rows(unless)).length > 0) continue
      await statements.command(fit(statement, replicated))
    }
    await statements.command('INSERT INTO migrations (name, sha256) VALUES ({name:String}, {digest:String})', {
      name,
      digest,
    })
  }
}

/** Is our database one whose tables are kept on several servers (engine Replicated)? There a plain MergeTree would stay on one of them. */
async function isReplicated(statements: Asks): Promise<boolean> {
  const [database] = await statements.rows<{ engine: string }>(
    'SELECT engine FROM system.databases WHERE name = currentDatabase()',
  )
  return database?.engine === 'Replicated'
}

function fit(statement: string, replicated: boolean): string {
  if (!replicated) return statement
  return statement
    .replace(/\bENGINE = (\w*)MergeTree\b/, 'ENGINE = Replicated$1MergeTree')
    .replaceAll('non_replicated_deduplication_window', 'replicated_deduplication_window')
}

/** The statements of a file: a semicolon at the end of a line ends one. */
function statementsOf(text: string): string[] {
  return text
    .split(/;[ \t]*(?:\n|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement.replaceAll(/^\s*--.*$/gm, '').trim() !== '')
}
