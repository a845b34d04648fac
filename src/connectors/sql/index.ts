import { Trouble, wordsOf } from '../../kit/errors.ts'
import type { AskContext, Connector, Health, TriedOut } from '../../model/connector.ts'
import { connectorKind, type Opening } from '../../model/connector-kind.ts'
import type { Answered } from '../../model/finding.ts'
import { type QuestionName, questions } from '../../model/question.ts'
import { answerOfRows, mappingProblems, missingField, type Row } from '../answer-rows.ts'
import { nextAfter } from '../reach.ts'
import { type Database, withDatabase } from './database.ts'
import { type Placed, placed } from './parameters.ts'
import { type Query, SqlSettings } from './schema.ts'

/** Any question, by a query of yours: the inventory, the payroll system, the change calendar that only a database knows. */
export const sql = connectorKind({
  kind: 'sql',
  title: 'Database (PostgreSQL, MariaDB, MySQL)',
  says: 'Any question by a query of yours. It reads in a transaction that cannot write, values are bound, time and rows are limited.',
  answers: 'any',
  settings: SqlSettings,
  secrets: [{ name: 'password', title: 'Password', says: 'Of the user it signs in as', needed: true, lines: false }],
  target: ['system', 'host', 'port', 'user', 'security', 'ca', 'allowAddresses'],
  fileOnly: null,
  open: openSql,
})

type Prepared = Query & Placed
type Use = <T>(signal: AbortSignal, work: (database: Database) => Promise<T>) => Promise<T>

function openSql({ id, title, settings, secret }: Opening<SqlSettings>): Connector {
  const prepared = prepare(settings)
  const use: Use = async (signal, work) => withDatabase(settings, (await secret('password')) ?? '', signal, work)
  const { timeoutMs, concurrency, perMinute, host, database, user, rowsMax } = settings
  return {
    id,
    title,
    answers: [...prepared.keys()],
    limits: { timeoutMs, concurrency, perMinute },
    scope: `Asks ${database} on ${host} as ${user}, by ${prepared.size} ${prepared.size === 1 ? 'query' : 'queries'} of this house, at most ${rowsMax} rows each. It reads in a transaction that cannot write.`,
    ask: async (question, ask, context) => {
      const query = prepared.get(question)
      if (query === undefined) return { kind: 'not-collected', why: `${id} does not answer this`, query: '' }
      return answer(question, ask, query, rowsMax, use, context)
    },
    health: (context) => health(use, context),
    tryOut: (context) => tryOut(prepared, settings, use, context),
  }
}

/** Every query with its places; Trouble that says what is wrong with which. */
function prepare(settings: SqlSettings): ReadonlyMap<QuestionName, Prepared> {
  const fields: Record<string, string> = {}
  const all = new Map<QuestionName, Prepared>()
  for (const [name, query] of Object.entries(settings.questions) as [QuestionName, Query][]) {
    try {
      const places = placed(query.sql, settings.system)
      const known = Object.keys(questions[name].ask.shape)
      const unknown = places.names
        .filter((one) => !known.includes(one))
        .map((one) => `:${one} is no field of the question; there are: ${known.join(', ')}`)
      const problems = [...unknown, ...mappingProblems(name, query)]
      if (problems.length > 0) throw new Error(problems.join('. '))
      all.set(name, { ...query, ...places })
    } catch (error) {
      fields[`settings.questions.${name}`] = wordsOf(error)
    }
  }
  if (Object.keys(fields).length > 0)
    throw new Trouble('input.invalid', {
      fields,
      problem: Object.entries(fields)
        .map((one) => one.join(': '))
        .join('\n'),
    })
  return all
}

async function answer(
  question: QuestionName,
  ask: Row,
  prepared: Prepared,
  rowsMax: number,
  use: Use,
  context: AskContext,
): Promise<Answered> {
  const missing = missingField(question, ask, prepared.names)
  if (missing !== null) return { kind: 'not-applicable', why: `the alert has no ${missing}` }
  const told = prepared.names.map((name) => `${name} = ${String(ask[name] ?? 'null')}`).join(', ')
  const query = `${prepared.sql.trim()}${told === '' ? '' : ` -- ${told}`}`
  try {
    const rows = await use(context.signal, (database) =>
      database.read({ text: prepared.text, values: valuesOf(prepared, ask), rowsMax }),
    )
    return answerOfRows(question, rows.slice(0, rowsMax), prepared, query, rows.length > rowsMax)
  } catch (error) {
    return { kind: 'failed', why: whyOf(error), query }
  }
}

/** Texts as they are; a NUL, which no database takes in a text, is the letter that stands for it elsewhere here. */
function valuesOf({ names }: Placed, ask: Row): readonly unknown[] {
  return names.map((name) => {
    const value = ask[name] ?? null
    return typeof value === 'string' ? value.replaceAll('\u0000', '\uFFFD').toWellFormed() : value
  })
}

function whyOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === '57014' || code === 'ER_STATEMENT_TIMEOUT' || code === 'ER_QUERY_TIMEOUT')
    return 'the query took too long and was stopped'
  if (code === '28P01' || code === 'ER_ACCESS_DENIED_ERROR') return 'it refuses our user or password'
  if (code === '42501' || code === 'ER_TABLEACCESS_DENIED_ERROR') return `our user may not read this: ${wordsOf(error)}`
  return wordsOf(error) || code
}

async function health(use: Use, context: AskContext): Promise<Health> {
  try {
    await use(context.signal, (database) => database.read({ text: 'select 1 as one', values: [], rowsMax: 1 }))
    return { state: 'active', says: 'It answers.', lastSuccess: context.clock.now().toISOString() }
  } catch (error) {
    return { state: 'failing', says: whyOf(error), lastSuccess: null }
  }
}

/** Tables that the account could write in: more than a reader needs. */
const writable = {
  postgresql: `select count(*) as n from pg_class where relkind in ('r', 'p') and relnamespace not in (select oid from pg_namespace where nspname like 'pg\\_%' or nspname = 'information_schema') and has_table_privilege(oid, 'INSERT, UPDATE, DELETE')`,
  mariadb: `select (select count(*) from information_schema.user_privileges where privilege_type in ('INSERT', 'UPDATE', 'DELETE')) + (select count(*) from information_schema.schema_privileges where privilege_type in ('INSERT', 'UPDATE', 'DELETE')) + (select count(*) from information_schema.table_privileges where privilege_type in ('INSERT', 'UPDATE', 'DELETE')) as n`,
} as const

async function tryOut(
  prepared: ReadonlyMap<QuestionName, Prepared>,
  settings: SqlSettings,
  use: Use,
  context: AskContext,
): Promise<TriedOut> {
  const { system, rowsMax, security } = settings
  try {
    return await use(context.signal, async (database) => {
      const [who] = await database.read({ text: 'select current_user as signed_in_as', values: [], rowsMax: 1 })
      const [may] = await database.read({ text: writable[system], values: [], rowsMax: 1 })
      const rows: Record<string, string>[] = []
      const can: string[] = []
      for (const [question, query] of prepared) {
        const values = query.names.map((name) => query.sample[name] ?? null)
        const found = await database.read({ text: query.text, values, rowsMax })
        can.push(
          `answer "${questions[question].title}" (${found.length > rowsMax ? 'more than ' : ''}${Math.min(found.length, rowsMax)} rows for its sample)`,
        )
        if (found[0] !== undefined) rows.push({ question, ...shown(found[0]) })
      }
      const warnings = [
        ...(Number(may?.['n'] ?? 0) > 0 ? ['Its user may also write. One that may only read is enough.'] : []),
        ...(security === 'plain-text' ? ['Every answer can be read on the way.'] : []),
      ]
      const as = String(who?.['signed_in_as'] ?? settings.user)
      return {
        kind: 'read',
        says: `Signed in as ${as}.`,
        rows,
        can,
        cannot: ['write: the transaction can only read'],
        warnings,
      }
    })
  } catch (error) {
    const next = nextAfter(error, 'Check the server, the user and its password, and the queries.')
    return { kind: 'failed', why: whyOf(error), next }
  }
}

function shown(row: Row): Record<string, string> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      value instanceof Date ? value.toISOString() : typeof value === 'object' ? JSON.stringify(value) : String(value),
    ]),
  )
}
