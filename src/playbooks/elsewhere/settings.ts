import { lockAlert } from '../../db/alerts.ts'
import { addLink, linkById, lookAgain, noteChange } from '../../db/elsewhere.ts'
import { listSystems, removeSystem, type SystemRecord, saveSystem, systemById } from '../../db/elsewhere-systems.ts'
import { type Db, transaction } from '../../db/open.ts'
import { ticketOf } from '../../db/tickets.ts'
import { Trouble } from '../../kit/errors.ts'
import { seal } from '../../kit/seal.ts'
import { append } from '../../ledger/append.ts'
import type { SystemKind, SystemSettings } from '../../model/elsewhere.ts'
import { outcomeTitles } from '../../model/triage.ts'
import { providerApi, providerApis } from '../../providers/apis.ts'
import { type ElsewhereDesk, placeOfHook, placeOfSystem } from './desk.ts'
import { openSystem } from './watch.ts'

export type SystemDraft = {
  readonly id: string
  readonly kind: SystemKind
  readonly title: string
  readonly settings: SystemSettings
  /** Null leaves the one that is set. */
  readonly secret: string | null
  /** What Jira signs its webhooks with. Null leaves the one that is set. */
  readonly hookSecret?: string | null
  readonly enabled: boolean
  /** 0 adds. */
  readonly version: number
}

/** Saves a system: the secret sealed, what may leave in the ledger. Whoever changes where it is enters the secret again. */
export async function saveDraft(desk: ElsewhereDesk, draft: SystemDraft, by: string): Promise<number> {
  const { settings } = draft
  const refuse = (field: string, says: string): never => {
    throw new Trouble('input.invalid', { fields: { [field]: says } })
  }
  for (const field of ['baseUrl', 'signInUrl'] as const) {
    const url = URL.parse(settings[field])
    if (url?.protocol === 'http:' && !settings.plainHttp)
      refuse(field, 'http:// can be read on the way: say that you mean it, or use https://')
    // It is shown to everybody at the desk, and stands in the ledger for ever.
    if (url !== null && (url.username !== '' || url.password !== ''))
      refuse(field, 'It holds a user or a password: those have fields of their own')
  }
  if (draft.kind === 'provider-api') refuseApi(settings, refuse)
  if (draft.kind === 'jira' && settings.project === '') refuse('project', 'The key of the project, such as SEC')
  if (
    draft.kind === 'webhook' &&
    draft.secret !== null &&
    Buffer.from(draft.secret.replace(/^whsec_/, ''), 'base64').length < 16
  )
    refuse('secret', 'A secret of Standard Webhooks is "whsec_" and 16 to 64 bytes as base64')
  if (draft.hookSecret != null && draft.kind !== 'jira') refuse('hookSecret', 'Only Jira signs webhooks in this way')
  return transaction(desk.db, async (tx) => {
    const before = await systemById(tx, draft.id, { lock: true })
    if (before !== null && draft.version === 0) refuse('id', 'Another system has this name')
    if (before !== null && before.kind !== draft.kind) refuse('kind', 'A system stays of its kind')
    if (draft.kind === 'provider-api') await refuseTwo(tx, draft, refuse)
    if (draft.secret === null && (before?.sealed == null || placeOf(before.settings) !== placeOf(settings)))
      refuse(
        'secret',
        before === null ? 'Enter the secret' : 'Another place: enter the secret again, so that it goes nowhere unmeant',
      )
    const sealed = draft.secret === null ? undefined : seal(desk.sealKey, draft.secret, placeOfSystem(draft.id))
    const hookSealed =
      draft.hookSecret == null ? undefined : seal(desk.sealKey, draft.hookSecret, placeOfHook(draft.id))
    const version = await saveSystem(tx, { ...draft, sealed, hookSealed, by }, desk.clock.now())
    if (version === null) throw new Trouble('state.conflict', { system: draft.id })
    await lookAgain(tx, draft.id)
    const { ca: _, ...told } = settings
    const body = {
      kind: draft.kind,
      title: draft.title,
      enabled: draft.enabled,
      settings: told,
      secretChanged: draft.secret !== null,
      hookSecretChanged: draft.hookSecret != null,
      version,
    }
    await append(tx, { kind: 'elsewhere.changed', actor: by, subject: `elsewhere:${draft.id}`, body }, desk.clock)
    return version
  })
}

type Refuse = (field: string, says: string) => never

/** What is set up of a provider's API has to be what that API knows. */
function refuseApi(settings: SystemSettings, refuse: Refuse): void {
  const api = providerApi(settings.api)
  if (api === null) return refuse('api', `One of ${providerApis.map(({ title }) => title).join(', ')}`)
  if (settings.providers.length !== 1) refuse('providers', 'The one provider whose tickets these are')
  if (settings.fields.length > 0) refuse('fields', 'A provider is told what a person released, and nothing besides')
  const isNamed = api.signIn.kind !== 'header' || api.signIn.userIn !== undefined
  if (isNamed && settings.user === '') refuse('user', 'The id that goes with the secret')
  if (api.signIn.kind === 'oauth2') {
    if (api.signIn.path === null && settings.signInUrl === '') refuse('signInUrl', 'Where it gives out tokens')
  }
  const knows = (words: Readonly<Record<string, string>>, word: string) => word === '' || Object.hasOwn(words, word)
  for (const [outcome, { status, verdict }] of Object.entries(settings.verdictOut)) {
    const title = outcomeTitles[outcome as keyof typeof outcomeTitles]
    if (!knows(api.statuses, status)) refuse('verdictOut', `${title}: “${status}” is no status of ${api.title}`)
    // An installation may have closing reasons and dispositions of its own.
    if (verdict !== '' && !api.ownVerdicts.test(verdict))
      refuse('verdictOut', `${title}: “${verdict}” is no verdict of ${api.title}`)
    const say = { ticket: '1', status: status || null, verdict: verdict || null, comment: 'A comment' }
    const told = api.requests(say).flatMap(({ tells }) => tells)
    if (!told.includes('comment') || (verdict !== '' && !told.includes('verdict')))
      refuse('verdictOut', `${title}: ${api.title} does not take these words together`)
  }
  for (const word of Object.values(settings.statusOut))
    if (!Object.hasOwn(api.statuses, word)) refuse('statusOut', `“${word}” is no status of ${api.title}`)
    else if (api.requests({ ticket: '1', status: word, verdict: null, comment: null }).length === 0)
      refuse('statusOut', `“${word}” is set by an answer only in ${api.title}`)
}

/** Answers to a provider go one way. */
async function refuseTwo(tx: Db, draft: SystemDraft, refuse: Refuse): Promise<void> {
  const [provider] = draft.settings.providers
  if (!draft.enabled || draft.settings.answers !== 'api' || provider === undefined) return
  const other = (await listSystems(tx)).find(
    ({ id, kind, enabled, settings }) =>
      id !== draft.id &&
      kind === 'provider-api' &&
      enabled &&
      settings.answers === 'api' &&
      settings.providers.includes(provider),
  )
  if (other !== undefined) refuse('answers', `Its answers go through ${other.title} already`)
}

/** Whatever decides where a secret goes, and how it is shown there. */
const placeOf = ({ baseUrl, ca, plainHttp, allowAddresses, api, signInUrl }: SystemSettings): string =>
  JSON.stringify([baseUrl, ca, plainHttp, allowAddresses, api, signInUrl])

export async function removeDraft(desk: ElsewhereDesk, id: string, by: string): Promise<void> {
  await transaction(desk.db, async (tx) => {
    if (!(await removeSystem(tx, id))) throw new Trouble('not.found')
    await append(tx, { kind: 'elsewhere.removed', actor: by, subject: `elsewhere:${id}`, body: {} }, desk.clock)
  })
}

/** Tries a system: as whom it knows us, or why not. */
export async function tryOut(desk: ElsewhereDesk, id: string, by: string): Promise<{ ok: boolean; says: string }> {
  const system = await known(desk, id)
  const api = openSystem(desk, system)
  try {
    const called = await api.whoAmI()
    const tried = called.kind === 'done' ? { ok: true, says: called.value } : { ok: false, says: called.why }
    await append(desk.db, { kind: 'elsewhere.tested', actor: by, subject: `elsewhere:${id}`, body: tried }, desk.clock)
    return tried
  } finally {
    await api.close()
  }
}

export async function known(desk: Pick<ElsewhereDesk, 'db'>, id: string): Promise<SystemRecord> {
  const system = await systemById(desk.db, id)
  if (system === null) throw new Trouble('not.found')
  return system
}

/** A provider's own system holds the tickets of that provider only. */
export function mayHold({ kind, settings }: Pick<SystemRecord, 'kind' | 'settings'>, providerId: string): boolean {
  return kind !== 'provider-api' || settings.providers.includes(providerId)
}

/** Syncs one ticket by hand: links it where it is not linked yet, and has it looked at at once. */
export async function linkByHand(
  desk: ElsewhereDesk,
  on: { systemId: string; alertId: string; by: string },
): Promise<void> {
  const system = await known(desk, on.systemId)
  if (!system.enabled)
    throw new Trouble('state.conflict', { fields: { system: 'It is switched off (Settings, Tickets elsewhere)' } })
  await transaction(desk.db, async (tx) => {
    if (!(await lockAlert(tx, on.alertId))) throw new Trouble('not.found')
    const ticket = await ticketOf(tx, on.alertId)
    if (ticket !== null && !mayHold(system, ticket.providerId))
      throw new Trouble('state.conflict', { fields: { system: 'It holds tickets of another provider' } })
    const before = await linkById(tx, on.systemId, on.alertId)
    if (before === null) {
      await addLink(tx, on.systemId, on.alertId)
      const body = { system: on.systemId, act: 'link' }
      await append(tx, { kind: 'elsewhere.changed', actor: on.by, subject: `alert:${on.alertId}`, body }, desk.clock)
    } else await noteChange(tx, on.systemId, on.alertId)
  })
}
