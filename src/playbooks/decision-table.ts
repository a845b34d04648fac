import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { Trouble } from '../kit/errors.ts'
import { readYamlDocument } from '../kit/yaml-document.ts'
import { DecisionTable } from '../model/vulnerability.ts'

export const ownDecisionTable = path.join(
  import.meta.dirname,
  '..',
  '..',
  'content',
  'vulnerabilities',
  'bod-26-04.yaml',
)
const tableCharsMax = 64 * 1024

/** The table that says by when a vulnerability has to be gone. Throws Trouble('input.invalid') with what is wrong in the file. */
export async function loadDecisionTable(file: string = ownDecisionTable): Promise<DecisionTable> {
  const read = readYamlDocument(await readFile(file, 'utf8'), 'decision tables', tableCharsMax)
  if (!read.ok)
    throw new Trouble('input.invalid', {
      file,
      problem: read.issues.map(({ line, problem }) => `line ${line}: ${problem}`).join('; '),
    })
  const parsed = DecisionTable.safeParse(read.plain)
  if (!parsed.success) throw new Trouble('input.invalid', { file, problem: z.prettifyError(parsed.error) })
  return parsed.data
}
