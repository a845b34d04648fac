import type { PlaybookPage, PlaybookRow } from '../contract/playbooks.ts'
import type { Mark } from '../model/playbook.ts'

type Mending = { readonly runId: string; readonly path: string; readonly reason: string; readonly by: string }

/** What people do with playbooks, for the front. `by` is an actor ("user:<id>"). */
export type PlaybooksFront = {
  readonly list: () => Promise<readonly PlaybookRow[]>
  readonly page: (id: string) => Promise<PlaybookPage>
  readonly start: (start: {
    readonly playbookId: string
    readonly alertId: string
    readonly by: string
  }) => Promise<string>
  readonly lookUp: (asked: {
    readonly playbookId: string
    readonly text: string
    readonly reason: string
    readonly by: string
  }) => Promise<{ readonly alertId: string; readonly runId: string }>
  /** The id of the dry run, which is over. */
  readonly dryRun: (playbookId: string, alertNumber: number) => Promise<string>
  readonly retry: (mending: Mending) => Promise<void>
  readonly skip: (mending: Mending) => Promise<void>
  /** Whom the reminder goes to. */
  readonly nudge: (mending: Mending) => Promise<readonly string[]>
  readonly cancel: (cancel: { readonly runId: string; readonly reason: string; readonly by: string }) => Promise<void>
  /** The id of a look back that was queued. `text` is YAML; or the id of a playbook of the house. */
  readonly askBacktest: (asked: {
    readonly kind: 'playbook' | 'reader' | 'expectation'
    readonly days: number
    readonly playbook?: string | undefined
    readonly text?: string | undefined
    readonly expectation?: string | undefined
    readonly by: string
  }) => Promise<string>
  readonly cancelBacktest: (cancel: { readonly id: string; readonly by: string }) => Promise<void>
  /** A CACAO document or YAML; the id of the playbook it became. */
  readonly importText: (imported: { readonly text: string; readonly by: string }) => Promise<string>
  readonly remove: (removed: { readonly id: string; readonly by: string }) => Promise<void>
  readonly cacao: (id: string) => Promise<string>
  readonly mark: (marking: { readonly runId: string } & Omit<Mark, 'at'>) => Promise<void>
}
