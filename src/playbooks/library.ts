import type { Playbook } from '../model/playbook.ts'

/** The playbooks of this installation, as loaded and checked by load.ts. */
export type Library = { readonly all: readonly Playbook[]; readonly byId: (id: string) => Playbook | undefined }

export function libraryOf(playbooks: readonly Playbook[]): Library {
  const map = new Map(playbooks.map((playbook) => [playbook.id, playbook]))
  return { all: playbooks, byId: (id) => map.get(id) }
}
