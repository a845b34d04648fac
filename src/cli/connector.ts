import { Command, InvalidArgumentError } from 'commander'
import { environmentSecret, readSettings } from '../config/config.ts'
import { makeAsk } from '../connectors/ask.ts'
import { catalogueTable } from '../connectors/http-json/catalogue-table.ts'
import { type Entry, loadHttpJson, readCatalogue, readChecked } from '../connectors/http-json/index.ts'
import { Mapper } from '../connectors/http-json/mapper.ts'
import { partsOf } from '../connectors/http-json/parts.ts'
import type { Description } from '../connectors/http-json/schema.ts'
import { systemClock } from '../kit/clock.ts'
import { isTrouble, Trouble } from '../kit/errors.ts'
import { yamlFilesOf } from '../kit/yaml-files.ts'
import type { Asked } from '../model/doors.ts'
import { QuestionName, questions } from '../model/question.ts'
import { shownLines, shownText } from './shown-text.ts'

/** Files that one call checks: the catalogue has some thirty. */
const filesMax = 500
/** A question asked by hand may take as long as the slowest source allows itself. */
const tryMsMax = 60_000

const examples = `
Examples:
  counterfoil connector list                                what comes along, and what each answers
  counterfoil connector check my-cmdb.yaml                  schema, expressions, templates, samples; nothing is asked
  counterfoil connector try my-cmdb.yaml --question asset-of-host host=pay-db-01
  counterfoil connector try netbox --question asset-of-address address=192.0.2.7 \\
      --parameter server=https://netbox.example.com --secret ./netbox.token --allow 10.20.30.0/28

Words of the format, and a description made step by step: docs/connectors.md.`

/** `counterfoil connector ...`. Exit 1 when a description is wrong or a question could not be answered, 2 when the call was wrong. */
export function connectorCommand(): Command {
  const connector = new Command('connector').description('Check, try and list descriptions of REST sources.')
  // Before the subcommands are made: they inherit it, and a wrong call then exits 2.
  connector.addHelpText('after', examples).exitOverride()
  connector
    .command('list')
    .description('the descriptions that come along, and what each answers')
    .option('--json', 'print it as JSON', false)
    .option('--markdown', 'print the table of docs/connector-catalogue.md', false)
    .action(listAction)
  connector
    .command('check')
    .description('check descriptions with their samples; nothing is asked')
    .argument('<path...>', 'files, or folders of .yaml files')
    .option('--json', 'print the result as JSON', false)
    .action(checkAction)
  connector
    .command('try')
    .description('ask a source one question, for real')
    .argument('<source>', 'a file, or the id of a description that comes along')
    .argument('<key=value...>', 'what is asked, such as host=pay-db-01')
    .requiredOption('--question <name>', 'which question', readQuestion)
    .option('--parameter <key=value...>', 'settings of a description that comes along', [])
    .option('--secret <file>', 'file with its secret (a description that comes along)')
    .option('--allow <range...>', 'internal addresses it may reach (a description that comes along)', [])
    .option('--ca <file>', 'authority that signed its certificate (a description that comes along)')
    .option('--json', 'print the answer as JSON', false)
    .action(tryAction)
  return connector
}

function readQuestion(text: string): QuestionName {
  const name = QuestionName.safeParse(text)
  if (!name.success) throw new InvalidArgumentError(`There are: ${Object.keys(questions).join(', ')}.`)
  return name.data
}

async function listAction(flags: { readonly json: boolean; readonly markdown: boolean }): Promise<void> {
  const catalogue = await readCatalogue()
  if (flags.markdown) process.stdout.write(catalogueTable(catalogue))
  else if (flags.json)
    process.stdout.write(
      `${JSON.stringify(catalogue.map((one) => ({ id: one.id, title: one.title, answers: answersOf(one), scope: one.scope })))}\n`,
    )
  else
    for (const one of catalogue)
      process.stdout.write(`${one.id.padEnd(22)} ${one.title}\n${' '.repeat(23)}${answersOf(one).join(', ')}\n`)
}

const answersOf = (description: Description): readonly QuestionName[] =>
  partsOf(description).map(([question]) => question)

async function checkAction(paths: readonly string[], flags: { readonly json: boolean }): Promise<void> {
  const files = await yamlFilesOf(paths, filesMax)
  const mapper = new Mapper()
  try {
    const checked = await Promise.all(files.map((file) => checkOne(file, mapper)))
    if (flags.json) process.stdout.write(`${JSON.stringify(checked)}\n`)
    else for (const one of checked) process.stdout.write(`${one.file}: ${one.says}\n`)
    if (files.length === 0) process.stderr.write('There is no .yaml file here.\n')
    if (files.length === 0 || checked.some((one) => !one.ok)) process.exitCode = 1
  } finally {
    await mapper.close()
  }
}

async function checkOne(
  file: string,
  mapper: Mapper,
): Promise<{ readonly file: string; readonly ok: boolean; readonly says: string }> {
  try {
    const description = await readChecked(file, mapper)
    const samples = partsOf(description).flatMap(([, parts]) => parts.flatMap((part) => part.sample))
    const says = `right (${description.id}: ${answersOf(description).join(', ')}; ${samples.length} samples)`
    return { file, ok: true, says }
  } catch (error) {
    if (!isTrouble(error)) throw error
    return { file, ok: false, says: `\n  ${shownLines(String(error.details['problem'])).replaceAll('\n', '\n  ')}` }
  }
}

type TryFlags = {
  readonly question: QuestionName
  readonly parameter: readonly string[]
  readonly secret?: string
  readonly allow: readonly string[]
  readonly ca?: string
  readonly json: boolean
}

async function tryAction(source: string, pairs: readonly string[], flags: TryFlags): Promise<void> {
  const mapper = new Mapper()
  try {
    const { entry, folder } = entryOf(source, flags)
    const connectors = await loadHttpJson([entry], { mapper, environmentSecret, folder })
    const ask = makeAsk({ connectors, clock: systemClock, news: () => undefined })
    const signal = AbortSignal.timeout(tryMsMax)
    const asked = await ask(flags.question, keysOf(pairs), { signal })
    for (const one of asked) process.stdout.write(flags.json ? `${JSON.stringify(one)}\n` : textOf(one))
    if (asked.some(({ answered }) => answered.kind === 'failed' || answered.kind === 'not-collected'))
      process.exitCode = 1
  } finally {
    await mapper.close()
  }
}

/**
 * A file as it stands; an id with what the call says of it, or, when it says nothing, with what the settings say. `folder`: where files
 * are that are named.
 */
function entryOf(source: string, flags: TryFlags): { readonly entry: Entry; readonly folder: string } {
  if (/[/\\]|\.ya?ml$/.test(source)) return { entry: source, folder: '.' }
  if (flags.parameter.length === 0 && flags.secret === undefined && flags.allow.length === 0) {
    const { config, dataFolder } = readSettings()
    const set = config.connectors.find((one) => typeof one !== 'string' && (one['id'] ?? one.use) === source)
    if (set !== undefined) return { entry: set, folder: dataFolder }
  }
  const entry = {
    use: source,
    ...{ parameters: keysOf(flags.parameter), allowAddresses: flags.allow },
    ...(flags.secret === undefined ? {} : { secret: { file: flags.secret } }),
    ...(flags.ca === undefined ? {} : { caFile: flags.ca }),
  }
  return { entry, folder: '.' }
}

function keysOf(pairs: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1)
        throw new Trouble('input.invalid', { given: pair, problem: 'write key=value, such as host=pay-db-01' })
      return [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )
}

function textOf({ answered, costMs }: Asked): string {
  const lines = [`${answered.kind} (${Math.round(costMs)} ms)`]
  if ('why' in answered) lines.push(`  ${shownLines(answered.why)}`)
  if ('query' in answered && answered.query !== '') lines.push(`  asked: ${shownText(answered.query)}`)
  if (answered.kind === 'found') lines.push(shownLines(JSON.stringify(answered.answer, null, 2)))
  return `${lines.join('\n')}\n`
}
