import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { stringify } from 'yaml'
import { readSettings } from '../config/config.ts'
import { systemClock } from '../kit/clock.ts'
import { Trouble } from '../kit/errors.ts'
import { approvalWords } from '../model/approval.ts'
import type { Playbook, Step } from '../model/playbook.ts'
import { exportCacao } from '../playbooks/cacao/export.ts'
import { playbookOfCacao } from '../playbooks/import-playbook.ts'
import type { Library } from '../playbooks/library.ts'
import { loadLibrary, readPlaybooks } from '../playbooks/load.ts'
import type { RunFlags } from './playbook-run.ts'
import { shownLines } from './shown-text.ts'

/** Playbooks that come along. */
const ownPlaybooks = path.join(import.meta.dirname, '..', '..', 'content', 'playbooks')

const examples = `
Examples:
  counterfoil playbook validate my-playbooks/          every file, with line and problem
  counterfoil playbook show provider-alert             its steps, and what each is for
  counterfoil playbook check                           who can sign what they ask for, as things are now
  counterfoil playbook run provider-alert --alert 17 --dry-run
  counterfoil playbook run ask-owner --alert 17        for real; the running server does it
  counterfoil playbook import-cacao theirs.json > mine/theirs.yaml
  counterfoil playbook export-cacao malware-on-host > ours.json

Editors complete playbooks by content/playbooks/playbook.schema.json. The format: docs/playbooks.md.`

/** `counterfoil playbook ...`. Exit 1 when a playbook is wrong or a run failed, 2 when the call was. */
export function playbookCommand(): Command {
  const playbook = new Command('playbook').description('Validate, show or try a playbook.')
  // Before the subcommands are made: they inherit it, and a wrong call then exits 2.
  playbook.addHelpText('after', examples).exitOverride()
  playbook
    .command('validate')
    .description('check playbooks: schema, conditions, calls; nothing is run')
    .argument('<path...>', 'files, or folders of .yaml files')
    .option('--json', 'print the result as JSON', false)
    .action(validateAction)
  playbook
    .command('show')
    .description('show a playbook of this installation, or list them all')
    .argument('[id]', 'its id; all are listed without one')
    .option('--json', 'print it as JSON', false)
    .action(showAction)
  playbook
    .command('run')
    .description('run a playbook for one alert')
    .argument('<id>', 'id of the playbook')
    .requiredOption('--alert <number>', 'number of the alert ("17" or "A-17")', readNumber)
    .option('--dry-run', 'ask for real, but keep, change and send nothing; prints the timeline', false)
    .option('--json', 'print the run as JSON', false)
    // Loaded when it is asked for: it opens the database and every source, the others only read files.
    .action(async (id: string, flags: RunFlags) => (await import('./playbook-run.ts')).runAction(id, flags))
  playbook
    .command('check')
    .description('say of each playbook that asks for signatures who could give them now; exit 1 where nobody can')
    .argument('[id]', 'its id; all without one')
    .option('--json', 'print the result as JSON', false)
    .action(async (id: string | undefined, flags: { json: boolean }) =>
      (await import('./playbook-check.ts')).checkAction(id, flags),
    )
  playbook
    .command('import-cacao')
    .description('a CACAO 2.0 document as a playbook of ours, as YAML on stdout; its commands become steps of a person')
    .argument('<file>', 'the document')
    .action(importCacaoAction)
  playbook
    .command('export-cacao')
    .description('a playbook of this installation as a CACAO 2.0 document on stdout')
    .argument('<id>', 'its id')
    .action(exportCacaoAction)
  return playbook
}

async function importCacaoAction(file: string): Promise<void> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new Trouble('file.unreadable', { file }, error)
  })
  const playbook = playbookOfCacao(text, await libraryNow())
  process.stdout.write(stringify(playbook))
  process.stderr.write(
    `${shownLines(playbook.title)}: ${playbook.id}, version ${playbook.version}. Keep it in a folder that \`playbooks:\` names.\n`,
  )
}

async function exportCacaoAction(id: string): Promise<void> {
  process.stdout.write(exportCacao(found(await libraryNow(), id), systemClock.now()))
}

function readNumber(text: string): number {
  const match = /^(?:A-)?([1-9]\d{0,8})$/i.exec(text)
  if (match === null) throw new InvalidArgumentError('An alert has a number, such as 17.')
  return Number(match[1])
}

async function validateAction(paths: readonly string[], flags: { json: boolean }): Promise<void> {
  // What comes along may be called by what is checked, but is not itself asked about.
  const asked = await readPlaybooks(paths, await loadLibrary([ownPlaybooks]))
  const wrong = asked.filter((file) => file.issues.length > 0)
  if (flags.json) {
    process.stdout.write(
      `${JSON.stringify(asked.map(({ file, playbook, issues }) => ({ file, id: playbook?.id ?? null, ok: issues.length === 0, issues })))}\n`,
    )
  } else {
    for (const { file, playbook, issues } of asked) {
      if (issues.length === 0) process.stdout.write(`${file}: right (${playbook?.id} version ${playbook?.version})\n`)
      for (const issue of issues)
        process.stdout.write(
          `${file}:${issue.line}:${issue.column}: ${issue.problem}${issue.where === '' ? '' : ` [${issue.where}]`}\n`,
        )
    }
  }
  if (asked.length === 0) process.stderr.write('There is no .yaml file here.\n')
  if (wrong.length > 0 || asked.length === 0) process.exitCode = 1
}

export async function libraryNow(): Promise<Library> {
  return loadLibrary([ownPlaybooks, ...readSettings().config.playbooks])
}

export function found(library: Library, id: string): Playbook {
  const playbook = library.byId(id)
  if (playbook === undefined) throw new Trouble('not.found', { playbook: id, there: library.all.map((one) => one.id) })
  return playbook
}

async function showAction(id: string | undefined, flags: { json: boolean }): Promise<void> {
  const library = await libraryNow()
  const shown = id === undefined ? library.all : [found(library, id)]
  if (flags.json) process.stdout.write(`${JSON.stringify(id === undefined ? shown : shown[0])}\n`)
  else if (id === undefined)
    for (const one of shown) process.stdout.write(`${one.id.padEnd(24)} ${one.on.padEnd(8)} ${one.title}\n`)
  else for (const one of shown) process.stdout.write(textOf(one))
}

function textOf(playbook: Playbook): string {
  const starts = {
    alert: 'starts with a new alert',
    unread: 'starts with a message nobody could read',
    manual: 'starts by hand, or called',
  }[playbook.on]
  const lines = [
    `${playbook.title} (${playbook.id}, version ${playbook.version})`,
    `${starts}${playbook.when === undefined ? '' : `, when ${playbook.when}`}`,
  ]
  if (playbook.description !== '') lines.push(playbook.description.trim())
  return `${[...lines, '', ...stepLines(playbook.steps, 0)].join('\n')}\n`
}

function stepLines(steps: readonly Step[], depth: number): string[] {
  const indent = '  '.repeat(depth)
  return steps.flatMap((step) => [
    `${indent}${step.id}: ${step.title} [${step.step}, ${step.csf}, ${step.phase}]${step.when === undefined ? '' : ` when ${step.when}`}`,
    ...(step.why === undefined ? [] : [`${indent}    ${step.why}`]),
    ...innerLines(step, depth, indent),
  ])
}

function innerLines(step: Step, depth: number, indent: string): string[] {
  if (step.step === 'ask')
    return step.questions.map((question) => `${indent}    ? ${question.ask} ${JSON.stringify(question.with)}`)
  if (step.step === 'wait-for-person' && step.approval !== undefined)
    return [`${indent}    ${approvalWords(step.approval, step.expires)}`]
  if (step.step === 'wait-for-person') return [`${indent}    waits for ${step.for}, at most ${step.expires}`]
  if (step.step === 'checklist')
    return [
      ...step.items.map((item) => `${indent}    [ ] ${item.text.trim()}`),
      `${indent}    waits at most ${step.expires}`,
    ]
  if (step.step === 'sub-playbook') return [`${indent}    calls ${step.playbook}`]
  if (step.step !== 'branch') return []
  const branches = step.branches.flatMap((branch) => [
    `${indent}  if ${branch.if}`,
    ...stepLines(branch.steps, depth + 2),
  ])
  return step.else === undefined ? branches : [...branches, `${indent}  else`, ...stepLines(step.else, depth + 2)]
}
