import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { Playbook } from '../src/model/playbook.ts'

/** Where editors find it: the first line of each playbook names it. */
export const schemaFile = path.join(import.meta.dirname, '..', 'content', 'playbooks', 'playbook.schema.json')

/** The JSON Schema of a playbook (draft 2020-12), worked out from the model, for completion and checks in an editor. */
export function playbookSchema(): string {
  const schema = z.toJSONSchema(Playbook, { io: 'input', target: 'draft-2020-12' })
  return `${JSON.stringify({ ...schema, title: 'Counterfoil playbook' }, null, 2)}\n`
}

if (import.meta.main) await writeFile(schemaFile, playbookSchema())
