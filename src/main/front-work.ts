import type { Kysely } from 'kysely'
import { xrayOf } from '../cli/xray.ts'
import type { Settings } from '../config/config.ts'
import { listen } from '../db/live.ts'
import { providerOfKey } from '../db/providers.ts'
import type { Tables } from '../db/tables.ts'
import { countRefusal, webhookOf } from '../db/webhooks.ts'
import type { SourcesWork, Work } from '../http/front.ts'
import { makeTakePost } from '../intake/https/intake.ts'
import { checkSecret, newWebhookSecret } from '../intake/https/secrets.ts'
import { makeWebhookDoor } from '../intake/https/webhook.ts'
import { Trouble } from '../kit/errors.ts'
import { unseal } from '../kit/seal.ts'
import type { Lake } from '../lake/open.ts'
import { exportLedger } from '../ledger/export.ts'
import type { LedgerKey } from '../ledger/key.ts'
import type { Receive } from '../model/message.ts'
import { apiAnswerIn } from '../model/provider-api.ts'
import type { Xray } from '../model/xray.ts'
import { assign, merge, snooze, unmerge, wake } from '../playbooks/arrange.ts'
import { askPersonByLink } from '../playbooks/ask-person.ts'
import { applyConfig, rollBackConfig } from '../playbooks/config-files.ts'
import { definePack, draftPack, packCountsOf, releasePack } from '../playbooks/context-packs.ts'
import { askAgain, decide, undo } from '../playbooks/decide.ts'
import { decideMany, previewMany, undoMany } from '../playbooks/decide-many.ts'
import type { House } from '../playbooks/house.ts'
import { importUpload } from '../playbooks/import-list.ts'
import { type Answering, answerByDigest, answerPersonQuestion } from '../playbooks/person-answer.ts'
import { releaseFromQuarantine } from '../playbooks/read-message.ts'
import { makeReceive } from '../playbooks/receive.ts'
import type { AnswerDesk } from '../playbooks/reply.ts'
import { dropSample, loadSample, sendTestAlert } from '../playbooks/sample.ts'
import { readers } from '../providers/readers.ts'
import { approvalWork } from './approval-work.ts'
import { chatDesk, chatFront } from './chat.ts'
import { secretAt } from './connector-registry.ts'
import { elsewhereDesk, elsewhereFront } from './elsewhere.ts'
import { memoryWork } from './memory-work.ts'
import { playbookWork } from './playbook-work.ts'
import type { Sources } from './sources.ts'
import { ticketWork } from './ticket-work.ts'

/** Hands the work of the other rooms to the front. */
export function frontWork(parts: {
  readonly house: House
  readonly db: Kysely<Tables>
  readonly databaseUrl: string
  readonly desk: AnswerDesk
  readonly sources: Sources
  readonly receive: Receive
  readonly key: LedgerKey
  readonly settings: Settings
  readonly sealKey: Uint8Array
  readonly watched: SourcesWork
  readonly lake: Lake | null
}): Work {
  const { house, db, desk, sources } = parts
  const formatIds = readers.map(({ id }) => id)
  const packDesk = { db, clock: house.clock, key: parts.key, ownDomains: parts.settings.config.ownDomains }
  return {
    takePost: makeTakePost({ providerOfKey: (key) => providerOfKey(db, key), receive: parts.receive }),
    takeAtDoor: (asked) =>
      parts.receive({
        ...{ ...asked, form: 'mail', channel: 'https', heloName: null, envelopeFrom: null, envelopeTo: [] },
      }),
    webhooks: webhookWork(parts),
    releaseFromQuarantine: (release) => releaseFromQuarantine(house, release),
    decide: (deciding) => decide(house, deciding),
    undo: (undoing) => undo(house, undoing),
    decideMany: {
      preview: (asked) => previewMany(house, asked),
      decide: (deciding) => decideMany(house, deciding),
      undo: (undoing) => undoMany(house, undoing),
    },
    arrange: {
      assign: (acting) => assign(house, acting),
      snooze: (acting) => snooze(house, acting),
      wake: (acting) => wake(house, acting),
      merge: (acting) => merge(house, acting),
      unmerge: (acting) => unmerge(house, acting),
    },
    tickets: ticketWork(house),
    memory: memoryWork(house, {
      ...{ lake: parts.lake, placeholders: parts.settings.config.lake.placeholders },
      ...{ draft: desk.draft, saveText: desk.saveText },
    }),
    elsewhere: elsewhereFront(elsewhereDesk(house, parts.settings, parts.sealKey)),
    chat: chatFront(chatDesk(house, desk, parts.settings, parts.sealKey)),
    askAgain: (asking) => askAgain(house, asking),
    askPersonByLink: (asking) => askPersonByLink(house, asking),
    reply: { ...desk, readSent: (bytes) => readSent(house, bytes) },
    approvals: approvalWork(house),
    answerQuestion: async (token, { answer, comment }) =>
      assertTaken(await answerPersonQuestion(house, token, answer, comment)),
    answerAsked: async (digest, answer, by) => assertTaken(await answerByDigest(house, digest, answer, by)),
    secretAt: async (place) => {
      const secret = await secretAt(place, parts.settings.dataFolder)
      if (secret === null) throw new Trouble('input.invalid', { setting: 'sso.secret', problem: 'it is not there' })
      return secret
    },
    connectors: sources.front,
    watched: parts.watched,
    config: {
      apply: (applying) => applyConfig({ ...sources.desk, formats: formatIds }, applying),
      rollBack: (back) => rollBackConfig({ ...sources.desk, formats: formatIds }, back),
    },
    importList: (list) => importUpload(db, list, house.clock),
    playbooks: playbookWork(house),
    pack: {
      define: (definition, version, by) => definePack(packDesk, { definition, version, by }),
      draft: (id, by) => draftPack(packDesk, { id, by }),
      release: (id, digest, by) => releasePack(packDesk, { id, digest, by }),
      countsOf: packCountsOf,
      mail: desk.mailPack,
      withdraw: desk.withdrawPack,
      settle: desk.settlePack,
    },
    sample: sampleWork(house),
    xray: (folder) => xrayOfUpload(folder, parts.settings),
    exportLedger: async (write, options) => {
      const whole = { scope: { kind: 'all' }, attach: { replies: true, messages: false } } as const
      await exportLedger({ db, clock: house.clock, key: parts.key }, options ?? whole, write)
    },
    formats: readers.map(({ id, title }) => ({ id, title })),
    listen: (onTopic) => listen(parts.databaseUrl, onTopic),
  }
}

function assertTaken(answering: Answering): void {
  if (answering.kind === 'unknown') throw new Trouble('not.found')
  if (answering.kind !== 'taken') throw new Trouble('link.over', { state: answering.kind })
}

async function readSent(house: House, bytes: Uint8Array): Promise<{ subject: string; text: string }> {
  const answer = apiAnswerIn(bytes)
  if (answer !== null) return { subject: `Ticket ${answer.ticket}`, text: answer.comment }
  const { subject, parts } = await house.parse(bytes)
  return { subject, text: parts.find(({ path, type }) => path !== 'subject' && type === 'text/plain')?.text ?? '' }
}

/** Sample data comes in by the same way as any mail, and is marked before anybody reads it. */
function sampleWork({ db, clock }: House): Work['sample'] {
  const parts = { db, clock, receive: makeReceive({ db, clock, sample: true }) }
  return {
    load: (by) => loadSample(parts, by),
    remove: (by) => dropSample(parts, by),
    test: (by) => sendTestAlert(parts, by),
  }
}

/** The door of signed posts: secrets are opened for as long as one post takes. */
function webhookWork(parts: {
  readonly db: Kysely<Tables>
  readonly house: House
  readonly receive: Receive
  readonly sealKey: Uint8Array
}): Work['webhooks'] {
  const { db, receive, sealKey } = parts
  const { clock } = parts.house
  const door = makeWebhookDoor({
    webhookOf: async (providerId) => {
      const webhook = await webhookOf(db, providerId, clock.now())
      if (webhook === null) return null
      const secrets = webhook.sealed.map((sealed) => unseal(sealKey, sealed, `webhook:${providerId}`))
      return { provider: webhook.provider, scheme: webhook.scheme, secrets }
    },
    refused: (refusal) => countRefusal(db, refusal, clock.now()),
    receive,
    clock,
  })
  return { ...door, checkSecret, newSecret: newWebhookSecret }
}

async function xrayOfUpload(folder: string, { config }: Settings): Promise<Xray> {
  const { from, to } = config.businessHours
  const options = { ours: config.ownDomains, businessHours: { from, to, timeZone: null } }
  const silent = { at: () => undefined, end: () => undefined }
  return (await xrayOf([folder], options, () => silent)).xray
}
