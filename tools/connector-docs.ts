import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { connectorKinds } from '../src/connectors/kinds.ts'
import type { ConnectorKind } from '../src/model/connector-kind.ts'
import { questions } from '../src/model/question.ts'

/** One page for each kind, worked out from its form. */
export const pagesFolder = path.join(import.meta.dirname, '..', 'docs', 'connectors')

type Field = {
  readonly title?: string
  readonly description?: string
  readonly type?: string
  readonly enum?: readonly string[]
  readonly default?: unknown
  readonly items?: Field
  readonly properties?: Readonly<Record<string, Field>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Field | boolean
}

/** The page of a kind: what it answers, its form, its secrets, an example that its own schema takes. */
export function connectorPage(kind: ConnectorKind): string {
  const form = z.toJSONSchema(kind.settings, { io: 'input', unrepresentable: 'any' }) as Field
  const example = Object.fromEntries((form.required ?? []).map((name) => [name, '...']))
  const rows = Object.entries(form.properties ?? {}).map(([name, field]) => row(name, field, form.required ?? []))
  const secrets = kind.secrets.map(({ name, says, needed }) => `| \`${name}\` | ${says}${needed ? '. Needed' : ''} |`)
  return [
    `# ${kind.title}`,
    '<!-- Made by `node tools/connector-docs.ts` from src/connectors: change it there. -->',
    kind.says,
    kind.fileOnly === null
      ? 'Set it up under Settings, Connectors, or in `counterfoil.yaml`:'
      : `Set it up in \`counterfoil.yaml\` only. ${kind.fileOnly}`,
    [
      '```yaml',
      'sources:',
      '  - id: a-name-of-yours',
      `    kind: ${kind.kind}`,
      `    settings: { ${Object.keys(example)
        .map((name) => `${name}: ...`)
        .join(', ')} }`,
      ...(kind.secrets.length === 0
        ? []
        : [
            `    secrets: { ${kind.secrets.map(({ name }) => `${name}: { env: COUNTERFOIL_SECRET_... }`).join(', ')} }   # or { file: ... }, beside counterfoil.yaml`,
          ]),
      '```',
    ].join('\n'),
    ['| setting | what it is | when left out |', '|---|---|---|', ...rows].join('\n'),
    ...(secrets.length === 0 ? [] : [['| secret | |', '|---|---|', ...secrets].join('\n')]),
    ...(kind.target.length === 0 || kind.secrets.length === 0
      ? []
      : [
          `Who changes one of ${kind.target.map((name) => `\`${name}\``).join(', ')} on the page enters the secrets again: a stored one is never sent elsewhere.`,
        ]),
    `${answersOf(kind)}\n`,
  ].join('\n\n')
}

function answersOf(kind: ConnectorKind): string {
  if (kind.answers === 'any')
    return 'It answers any question that its settings describe; all questions: `src/model/question.ts`.'
  return ['It answers:', ...kind.answers.map((name) => `- \`${name}\`: ${questions[name].title}`)].join('\n')
}

function row(name: string, field: Field, required: readonly string[]): string {
  const what = [field.title, field.description].filter((text) => text !== undefined).join('. ')
  const words = field.enum === undefined ? '' : ` (${field.enum.map((word) => `\`${word}\``).join(', ')})`
  const left = required.includes(name) ? '**needed**' : `\`${JSON.stringify(field.default ?? null)}\``
  return `| \`${name}\` | ${(what + words).replaceAll('|', '\\|').replaceAll('\n', ' ')} | ${left} |`
}

if (import.meta.main) {
  await mkdir(pagesFolder, { recursive: true })
  for (const kind of connectorKinds) await writeFile(path.join(pagesFolder, `${kind.kind}.md`), connectorPage(kind))
}
