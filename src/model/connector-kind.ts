import type { z } from 'zod'
import type { Connector, TriedOut } from './connector.ts'
import type { QuestionName } from './question.ts'

/** A secret of a connector's form. Write-only: it can be given and replaced, nobody can read it back. */
export type SecretField = {
  readonly name: string
  readonly title: string
  readonly says: string
  readonly needed: boolean
  /** A key has lines; a password is one line. */
  readonly lines: boolean
}

/** What a connector of a kind is opened with. */
export type Opening<S> = {
  readonly id: string
  readonly title: string
  readonly settings: S
  /** The secret in clear at the moment it is needed; null where none was given. Throws when it cannot be opened. */
  readonly secret: (name: string) => Promise<string | null>
}

type Described = {
  /** "ldap": the name of its folder, and of its page in docs/connectors. */
  readonly kind: string
  readonly title: string
  /** What it is for, in one or two sentences. */
  readonly says: string
  /** What it can answer; any: what its settings describe. */
  readonly answers: readonly QuestionName[] | 'any'
  readonly secrets: readonly SecretField[]
  /**
   * Fields of the settings that say where the secrets go. Whoever changes one gives the secrets anew: else a stored password could be had
   * by pointing its connector to a machine of one's own.
   */
  readonly target: readonly string[]
  /** Why it is set up in counterfoil.yaml only; null: an administrator can set it up on the page as well. */
  readonly fileOnly: string | null
}

/** A kind of connector: its settings are a form, its page in the documentation comes from them. */
export type ConnectorKind = Described & {
  readonly settings: z.ZodObject
  /** Opens nothing yet: the first question connects. Throws Trouble('input.invalid') with `fields` for settings that do not fit. */
  readonly open: (opening: Opening<unknown>) => Connector
}

/** Ties a kind's settings to what opens it: they are parsed before, and no secret gets into what it says. */
export function connectorKind<S extends z.ZodObject>(
  kind: Described & { readonly settings: S; readonly open: (opening: Opening<z.output<S>>) => Connector },
): ConnectorKind {
  return {
    ...kind,
    open: (opening) => {
      const connector = kind.open({ ...opening, settings: kind.settings.parse(opening.settings) })
      const { tryOut } = connector
      const hide = async () => hiding(await secretsOf(kind.secrets, opening))
      return {
        ...connector,
        kind: kind.kind,
        ask: async (question, ask, context) => {
          const answered = await connector.ask(question, ask, context)
          return answered.kind === 'failed' ? { ...answered, why: (await hide())(answered.why) } : answered
        },
        health: async (context) => {
          const health = await connector.health(context)
          return health.state === 'active' ? health : { ...health, says: (await hide())(health.says) }
        },
        ...(tryOut === undefined ? {} : { tryOut: async (context) => hidden(await tryOut(context), await hide()) }),
      }
    },
  }
}

/** Shorter ones occur in ordinary words. */
const secretCharsMin = 4
/** A row shows what a value is like, not all of it. */
const valueCharsMax = 300
const columnsMax = 40

async function secretsOf(fields: readonly SecretField[], opening: Opening<unknown>): Promise<readonly string[]> {
  const secrets = await Promise.all(fields.map(({ name }) => opening.secret(name).catch(() => null)))
  return secrets.filter((secret) => secret !== null).filter((secret) => secret.length >= secretCharsMin)
}

function hiding(secrets: readonly string[]): (text: string) => string {
  return (text) => secrets.reduce((shown, secret) => shown.replaceAll(secret, '•••'), text)
}

/** A sample row without secrets: ours wherever they occur, and the values of columns that are named like one. */
function hidden(tried: TriedOut, hide: (text: string) => string): TriedOut {
  if (tried.kind === 'failed') return { ...tried, why: hide(tried.why) }
  const rows = tried.rows.map((row) =>
    Object.fromEntries(
      Object.entries(row)
        .slice(0, columnsMax)
        .map(([name, value]) => [name, secretName.test(name) ? '•••' : cut(hide(value))]),
    ),
  )
  return { ...tried, says: hide(tried.says), rows }
}

const secretName = /passw|passphrase|secret|token|api.?key|private.?key|credential|(?:^|_)pwd(?:$|_)|hash$/i

function cut(text: string): string {
  return text.length > valueCharsMax ? `${text.slice(0, valueCharsMax - 1)}…` : text
}
