import { z } from 'zod'
import type { AlertPage } from '../../contract/desk.ts'
import type { Scope } from '../../contract/permissions.ts'
import { Outcome } from '../../model/triage.ts'
import type { DeskClient } from './desk-client.ts'

/** Of a mail's text; whoever needs all of it opens it on the page. */
const mailCharsMax = 6000
const alertId = z.uuid().describe('Id of the alert, from `queue` or `search`')

export type Tool = {
  readonly name: string
  readonly title: string
  readonly says: string
  /** What the key needs; without it the tool is not offered. */
  readonly needs: Scope
  readonly writes: boolean
  readonly takes: z.ZodObject
  readonly run: (desk: DeskClient, given: never) => Promise<unknown>
}

function tool<T extends z.ZodObject>(
  one: Omit<Tool, 'takes' | 'run'> & {
    readonly takes: T
    readonly run: (desk: DeskClient, given: z.output<T>) => Promise<unknown>
  },
): Tool {
  return one as unknown as Tool
}

const reading = [
  tool({
    ...{ name: 'queue', title: 'The alert queue', needs: 'desk.see', writes: false },
    says: 'Alerts that wait, newest and riskiest first. Tabs: needs (somebody must decide), answer, asked, running, done, all.',
    takes: z.object({
      tab: z.string().max(20).default('needs'),
      q: z.string().max(200).default('').describe('Words in the title, or A-17'),
    }),
    run: async (desk, { tab, q }) => desk('GET /api/queue', { query: { tab, q } }),
  }),
  tool({
    ...{ name: 'alert', title: 'One alert', needs: 'desk.see', writes: false },
    says: 'What the provider says, how it was judged, how alerts like it were decided, and its mails as text.',
    takes: z.object({ id: alertId }),
    run: async (desk, { id }) => alertOf(await desk('GET /api/alerts/:id', { params: { id } })),
  }),
  tool({
    ...{ name: 'evidence', title: 'Evidence of an alert', needs: 'desk.see', writes: false },
    says: 'Every finding with its kind: found, nothing (looked, nothing there), not-collected, failed, not-applicable. "Could not look" is never "nothing there". Cite findings by id.',
    takes: z.object({ id: alertId }),
    run: async (desk, { id }) => (await desk('GET /api/alerts/:id', { params: { id } })).findings,
  }),
  tool({
    ...{ name: 'suggestions', title: 'Suggestions about an alert', needs: 'desk.see', writes: false },
    says: 'What was suggested about it before, and what became of it.',
    takes: z.object({ id: alertId }),
    run: async (desk, { id }) => desk('GET /api/alerts/:id/suggestions', { params: { id } }),
  }),
  tool({
    ...{ name: 'search', title: 'Search everything', needs: 'desk.see', writes: false },
    says: 'Alerts, messages, observables, rules, assets, people: words, field:word, "a phrase", -not.',
    takes: z.object({ q: z.string().min(1).max(200) }),
    run: async (desk, { q }) => desk('GET /api/search', { query: { q } }),
  }),
  tool({
    ...{ name: 'assets', title: 'Our assets', needs: 'house.see', writes: false },
    says: 'What is known of machines: role, owner, criticality, site; by name, owner or address.',
    takes: z.object({ q: z.string().max(200) }),
    run: async (desk, { q }) => desk('GET /api/assets', { query: { q } }),
  }),
  tool({
    ...{ name: 'logs', title: 'Search our logs', needs: 'logs.search', writes: false },
    says: 'Lines of our own logs, such as `dst:203.0.113.9 action:denied`. Each search is written into the ledger.',
    takes: z.object({
      q: z.string().max(2000),
      from: z.iso.datetime().describe('UTC, inclusive'),
      to: z.iso.datetime().describe('UTC, exclusive'),
      limit: z.int().min(1).max(100).default(50),
    }),
    run: async (desk, { q, from, to, limit }) =>
      desk('POST /api/lake/search', { body: { q, from, to, sources: [], limit } }),
  }),
]

/** What they write waits for a person. There is no tool that decides, releases or sends; the server would refuse one. */
const drafting = [
  tool({
    ...{ name: 'suggest_decision', title: 'Suggest a decision', needs: 'suggestion.write', writes: true },
    says: 'Puts a decision with its reasons beside the alert. It decides nothing: a person takes it up or puts it away.',
    takes: z.object({
      id: alertId,
      outcome: Outcome,
      reason: z.string().min(1).max(4000),
      cites: z.array(z.uuid()).max(50).default([]),
    }),
    run: async (desk, { id, outcome, reason, cites }) =>
      desk('POST /api/alerts/:id/suggestions', { params: { id }, body: { outcome, text: reason, cites } }),
  }),
  tool({
    ...{ name: 'remark', title: 'Make a remark', needs: 'suggestion.write', writes: true },
    says: 'Puts a remark beside the alert, for whoever decides it.',
    takes: z.object({ id: alertId, text: z.string().min(1).max(4000), cites: z.array(z.uuid()).max(50).default([]) }),
    run: async (desk, { id, text, cites }) =>
      desk('POST /api/alerts/:id/suggestions', { params: { id }, body: { outcome: null, text, cites } }),
  }),
  tool({
    ...{ name: 'draft_reply', title: 'Draft the answer', needs: 'reply.write', writes: true },
    says: 'Writes the text of the answer to the provider, once a person has decided. It stays a draft: a person reviews every sensitive place and releases it.',
    takes: z.object({
      id: alertId,
      text: z.string().min(1).max(50_000).optional().describe('Left out: the draft as the house writes it'),
    }),
    run: async (desk, { id, text }) => {
      const { replyId } = await desk('POST /api/alerts/:id/reply', { params: { id } })
      const { reply } = await desk('GET /api/replies/:id', { params: { id: replyId } })
      if (text === undefined) return { replyId, state: reply.state, text: reply.text }
      const body = { text, version: reply.version }
      const { version } = await desk('POST /api/replies/:id/text', { params: { id: replyId }, body })
      return { replyId, state: reply.state, version }
    },
  }),
]

export const tools: readonly Tool[] = [...reading, ...drafting]

/** The page of an alert without what only a browser needs. */
function alertOf(page: AlertPage) {
  const { alert, version, outcome, judgement, decisions, history, messages, replies } = page
  return {
    ...{ alert, version, outcome, judgement, decisions, history, replies },
    messages: messages.map(({ id, from, subject, receivedAt, state, kind, warnings, parts }) => ({
      ...{ id, from, subject, receivedAt, state, kind, warnings },
      text: parts
        .map(({ text }) => text)
        .join('\n')
        .slice(0, mailCharsMax),
    })),
  }
}
