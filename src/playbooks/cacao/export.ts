import { isDeepStrictEqual } from 'node:util'
import type { Playbook } from '../../model/playbook.ts'
import { readDocument } from './document.ts'
import { importCacao } from './import.ts'
import { documentOf } from './own-document.ts'

/** What a changed playbook says itself; a signature covers what is no longer there. */
const replaced = new Set(['workflow', 'workflow_exception', 'signatures', 'derived_from'])

/**
 * A playbook as a CACAO 2.0 document. One that was imported and not changed since goes out as it came, byte for byte. One that was changed goes
 * out as ours, `derived_from` the other, with everything of it that we do not read.
 */
export function exportCacao(playbook: Playbook, at: Date): string {
  const { cacao } = playbook
  if (cacao === undefined) return printed(documentOf(playbook, at))
  if (isDeepStrictEqual(importCacao(cacao), playbook)) return cacao
  const document = readDocument(cacao)
  const kept = Object.fromEntries(Object.entries(document).filter(([name]) => !replaced.has(name)))
  const ours = documentOf(playbook, at)
  const both = (name: string): Record<string, unknown> => ({
    ...(kept[name] as object | undefined),
    ...(ours[name] as object | undefined),
  })
  const merged = ['playbook_variables', 'agent_definitions', 'playbook_extensions', 'extension_definitions']
    .map((name) => [name, both(name)] as const)
    .filter(([, value]) => Object.keys(value).length > 0)
  return printed({ ...kept, ...ours, ...Object.fromEntries(merged), derived_from: [document.id] })
}

const printed = (document: Record<string, unknown>): string => `${JSON.stringify(document, null, 2)}\n`
