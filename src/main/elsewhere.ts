import type { Settings } from '../config/config.ts'
import type { ApiCard, ElsewhereView, SystemCard } from '../contract/elsewhere.ts'
import { providerNames } from '../db/desk-front.ts'
import { egressById } from '../db/egress.ts'
import { countLinks, type LinkRecord, linksOfAlert } from '../db/elsewhere.ts'
import { listSystems, type SystemRecord } from '../db/elsewhere-systems.ts'
import type { Db } from '../db/open.ts'
import { outsideSendById } from '../db/outside.ts'
import { ticketOf } from '../db/tickets.ts'
import type { ElsewhereFront } from '../http/front.ts'
import { siteOf } from '../http/site.ts'
import { verifySignature } from '../intake/https/signature.ts'
import type { Clock } from '../kit/clock.ts'
import { Trouble } from '../kit/errors.ts'
import { type SystemSettings, verdictMeans } from '../model/elsewhere.ts'
import type { ProviderApi } from '../model/provider-api.ts'
import { openJira } from '../outbox/jira/index.ts'
import { openProviderApi } from '../outbox/provider-api/index.ts'
import type { Tokens } from '../outbox/provider-api/sign-in.ts'
import { openServiceNow } from '../outbox/servicenow/index.ts'
import { ticketDoor } from '../outbox/ticket-door.ts'
import { openWebhook } from '../outbox/webhook/index.ts'
import type { ElsewhereDesk } from '../playbooks/elsewhere/desk.ts'
import { takePost } from '../playbooks/elsewhere/post.ts'
import { reconcile } from '../playbooks/elsewhere/reconcile.ts'
import { linkByHand, mayHold, removeDraft, saveDraft, tryOut } from '../playbooks/elsewhere/settings.ts'
import type { House } from '../playbooks/house.ts'
import type { OpenApi } from '../playbooks/replies/api-answer.ts'
import { providerApi, providerApis } from '../providers/apis.ts'

/** The way to a provider's API, for answers and for what is read there. */
function apiOpener({ db, clock }: { readonly db: Db; readonly clock: Clock }) {
  const tokens: Tokens = new Map()
  return (settings: SystemSettings, secret: string) => {
    const api = providerApi(settings.api)
    if (api === null) throw new Trouble('internal', { problem: `there is no API ${settings.api}` })
    return openProviderApi(api, { settings, secret, tokens }, (id) => egressById(db, id), clock)
  }
}

/** Opens the way to a provider's API for released answers. */
export function openAnswerApi(parts: { readonly db: Db; readonly clock: Clock }): OpenApi {
  const open = apiOpener(parts)
  return ({ settings }, secret) => open(settings, secret)
}

/** Opens the way to a system, whichever kind it is of. */
export function openTicketSystem({ db, clock }: Pick<ElsewhereDesk, 'db' | 'clock'>): ElsewhereDesk['open'] {
  const openApi = apiOpener({ db, clock })
  const kinds = { jira: openJira, servicenow: openServiceNow, webhook: openWebhook, 'provider-api': openApi } as const
  return ({ id, kind, settings }, secret) =>
    ticketDoor(kinds[kind](settings, secret, clock), { way: kind, place: id }, (entry) => outsideSendById(db, entry))
}

/** The desk for tickets elsewhere, for the server and for commands. */
export function elsewhereDesk(
  house: Pick<House, 'db' | 'clock' | 'log' | 'node' | 'cannotMail' | 'mailNotice'>,
  settings: Settings,
  sealKey: Uint8Array,
): ElsewhereDesk {
  const { db, clock, log, node, cannotMail, mailNotice } = house
  const { origin } = siteOf(settings).url
  const alertUrl = (alertId: string): string => `${origin}/alerts/${alertId}#ticket`
  return { db, clock, log, node, cannotMail, mailNotice, sealKey, open: openTicketSystem(house), alertUrl }
}

/** Hands the tickets elsewhere to the front. */
export function elsewhereFront(desk: ElsewhereDesk): ElsewhereFront {
  const { db, clock } = desk
  return {
    cards: async () => {
      const [systems, counts, providers] = await Promise.all([listSystems(db), countLinks(db), providerNames(db)])
      return {
        systems: systems.map((system) => cardOf(system, counts.get(system.id) ?? {})),
        providers: providers.map(({ id, name }) => ({ id, name })),
        apis: providerApis.map(apiCard),
      }
    },
    save: (draft, by) => saveDraft(desk, draft, by),
    remove: (id, by) => removeDraft(desk, id, by),
    test: (id, by) => tryOut(desk, id, by),
    reconcile: async (id, options) => {
      const { rows, ...report } = await reconcile(desk, id, options)
      return { ...report, rows: rows.map((row) => ({ ...row, differences: [...row.differences] })) }
    },
    ofTicket: async (alertId) => {
      const [systems, links, ticket] = await Promise.all([
        listSystems(db),
        linksOfAlert(db, alertId),
        ticketOf(db, alertId),
      ])
      return systems
        .filter((system) => ticket === null || mayHold(system, ticket.providerId))
        .map((system) =>
          viewOf(
            system,
            links.find(({ systemId }) => systemId === system.id),
          ),
        )
        .filter((view) => view !== null)
    },
    link: (on) => linkByHand(desk, on),
    takePost: ({ systemId, headers, bytes }) =>
      takePost(desk, {
        ...{ systemId, bytes, postId: String(headers['webhook-id']) },
        verify: (secret) =>
          verifySignature(
            { kind: 'standard', toleranceSeconds },
            { secrets: [secret], headers, bytes, now: clock.now() },
          ).ok,
        verifyHook: (secret) => verifySignature(jiraScheme, { secrets: [secret], headers, bytes, now: clock.now() }).ok,
      }),
  }
}

/** What a form needs to know of an API. */
function apiCard({ id, title, address, docs, signIn, statuses, verdicts, usual, means, read }: ProviderApi): ApiCard {
  const isKey = signIn.kind === 'header' && signIn.userIn === undefined
  const asksFor = isKey ? 'key' : signIn.kind === 'oauth2' && signIn.path === null ? 'client-and-place' : 'client'
  const words = (of: Readonly<Record<string, string>>) => Object.entries(of).map(([word, says]) => ({ word, says }))
  return {
    ...{ id, title, address, docs: [...docs], asksFor, reads: read !== null, usual },
    ...{ statuses: words(statuses), verdicts: words(verdicts) },
    means: Object.fromEntries(Object.entries(means).map(([word, outcome]) => [word, outcome ?? 'nothing'])),
  }
}

/** As Jira signs its webhooks: WebSub's header. It signs no time; what comes again has an issue read again. */
const jiraScheme = {
  kind: 'hmac',
  header: 'x-hub-signature',
  prefix: 'sha256=',
  algorithm: 'sha256',
  encoding: 'hex',
  timestampHeader: null,
  toleranceSeconds: 300,
} as const

/** What Standard Webhooks names for how far two clocks may be apart. */
const toleranceSeconds = 300

function cardOf(system: SystemRecord, links: Readonly<Record<string, number>>): SystemCard {
  const { id, kind, title, settings, enabled, version, says } = system
  const state = !enabled
    ? 'off'
    : system.failingSince !== null
      ? 'failing'
      : system.answeredAt === null
        ? 'waiting'
        : 'active'
  const unmapped = Object.entries(system.unmapped).map(([status, seenAt]) => ({ status, seenAt }))
  return {
    ...{ id, kind, title, settings, enabled, version, state, says, unmapped },
    hasSecret: system.sealed !== null,
    hasHook: system.hookSealed !== null,
    hookedAt: system.hookedAt?.toISOString() ?? null,
    failingSince: system.failingSince?.toISOString() ?? null,
    nextTryAt: system.notBefore?.toISOString() ?? null,
    answeredAt: system.answeredAt?.toISOString() ?? null,
    links: {
      linked: links['linked'] ?? 0,
      waiting: (links['new'] ?? 0) + (links['creating'] ?? 0) + (links['unconfirmed'] ?? 0) + (links['waiting'] ?? 0),
      trouble: links['trouble'] ?? 0,
      gone: links['gone'] ?? 0,
    },
  }
}

/** Null: it is not there, and cannot be. */
function viewOf(system: SystemRecord, link: LinkRecord | undefined): ElsewhereView | null {
  const { id, title, settings } = system
  if (link === undefined)
    return system.enabled
      ? {
          ...{ system: id, title, state: 'not-linked', key: null, url: null, status: null },
          ...{ unmapped: false, says: '', waits: false, syncedAt: null, verdict: null },
        }
      : null
  const status = link.theirStatus
  const isNamed = Object.keys(settings.statusIn).some((name) => name.toLowerCase() === status?.toLowerCase())
  return {
    ...{ system: id, title, state: link.state, key: link.theirKey, url: link.theirUrl, status, says: link.says },
    unmapped: status !== null && settings.takes.includes('status') && !isNamed,
    verdict:
      link.theirVerdict === null ? null : { word: link.theirVerdict, means: verdictMeans(settings, link.theirVerdict) },
    waits: link.changes > link.done && link.state !== 'gone',
    syncedAt: link.syncedAt?.toISOString() ?? null,
  }
}
