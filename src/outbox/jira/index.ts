import { FormData } from 'undici'
import { z } from 'zod'
import type { Clock } from '../../kit/clock.ts'
import type {
  Called,
  Outgoing,
  SystemSettings,
  TheirRef,
  TheirTicket,
  TicketSystemBehind,
} from '../../model/elsewhere.ts'
import { authorization, CallOut, nothingToRead, readJson, type Telling } from '../call-out.ts'
import type { Pass } from '../gate.ts'
import { plainOf, richOf, wikiOf } from './text.ts'

/** Tickets of ours that changed between two looks: more are seen at the next. */
const changedMax = 100
/** Priorities that a new Jira has, by our severities; what has none there is left to the project. */
const priorities: Readonly<Record<string, string>> = {
  critical: 'Highest',
  high: 'High',
  medium: 'Medium',
  low: 'Low',
  informational: 'Lowest',
}

const Issue = z.object({
  id: z.string(),
  key: z.string(),
  fields: z.object({
    status: z.object({ name: z.string() }),
    comment: z
      .object({
        comments: z.array(
          z.object({ id: z.string(), body: z.unknown(), author: z.object({ displayName: z.string() }).nullish() }),
        ),
        total: z.int().optional(),
      })
      .nullish(),
    attachment: z
      .array(
        z.object({
          id: z.union([z.string(), z.number()]).transform(String),
          filename: z.string(),
          size: z.number(),
          content: z.string(),
        }),
      )
      .nullish(),
  }),
})
const Comments = z.object({
  comments: z.array(
    z.object({ id: z.string(), body: z.unknown(), author: z.object({ displayName: z.string() }).nullish() }),
  ),
  total: z.int(),
})
const Found = z.object({ issues: z.array(z.object({ id: z.string(), key: z.string() })) })
const Made = z.object({ id: z.string(), key: z.string() })
const Transitions = z.object({
  transitions: z.array(z.object({ id: z.string(), to: z.object({ name: z.string() }) })),
})

/**
 * Jira: REST API version 3 for Cloud (texts as Atlassian Document Format), version 2 for Data Center (texts as wiki markup). Tickets are
 * found by a label of ours. After Atlassian's public reference; no account of theirs was at hand.
 */
export function openJira(settings: SystemSettings, secret: string, clock: Clock): TicketSystemBehind<Pass> {
  const out = new CallOut(settings, clock)
  const cloud = settings.deployment === 'cloud'
  const base = `${settings.baseUrl.replace(/\/+$/, '')}/rest/api/${cloud ? 3 : 2}`
  const headers = { authorization: authorization(settings.user, secret), accept: 'application/json' }
  const ask = (path: string) => out.ask({ url: `${base}${path}`, headers })
  const tell = (pass: Pass, method: Telling['method'], path: string, body: unknown) =>
    out.tell(pass, {
      method,
      url: `${base}${path}`,
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const text = cloud ? richOf : wikiOf
  const at = (id: string) => `/issue/${encodeURIComponent(id)}`
  const search = (jql: string, most: number) =>
    ask(
      `${cloud ? '/search/jql' : '/search'}?${new URLSearchParams({ jql, fields: 'key', maxResults: String(most) }).toString()}`,
    )
  const refOf = ({ id, key }: { id: string; key: string }): TheirRef => ({
    id,
    key,
    url: `${settings.baseUrl.replace(/\/+$/, '')}/browse/${encodeURIComponent(key)}`,
  })
  const fieldsOf = (one: Outgoing) => ({
    summary: one.title,
    description: text(one.description),
    ...(one.severity === null || priorities[one.severity] === undefined
      ? {}
      : { priority: { name: priorities[one.severity] } }),
  })
  return {
    reads: true,
    find: async (marker) => {
      const found = readJson(
        await search(
          `project = "${literal(settings.project)}" AND labels = "${literal(marker)}" ORDER BY created ASC`,
          10,
        ),
        Found,
      )
      return found.kind === 'done' ? { kind: 'done', value: found.value.issues.map(refOf) } : found
    },
    create: async (pass, one) => {
      const fields = {
        ...settings.extra,
        ...fieldsOf(one),
        project: { key: settings.project },
        issuetype: { name: settings.issueType },
        labels: ['counterfoil', one.marker],
      }
      const made = readJson(await tell(pass, 'POST', '/issue', { fields }), Made)
      return made.kind === 'done' ? { kind: 'done', value: refOf(made.value) } : made
    },
    read: async (id) => {
      const answer = await ask(`${at(id)}?fields=status,comment,attachment`)
      if (answer.kind === 'done' && answer.value.status === 404) return { kind: 'done', value: null }
      const issue = readJson(answer, Issue)
      if (issue.kind !== 'done') return issue
      const { fields } = issue.value
      const comments = await allComments(fields.comment ?? { comments: [] }, (from) =>
        ask(`${at(id)}/comment?startAt=${from}&maxResults=100&orderBy=created`),
      )
      if (comments.kind !== 'done') return comments
      return {
        kind: 'done',
        value: {
          ...refOf(issue.value),
          status: fields.status.name,
          comments: comments.value,
          files: (fields.attachment ?? []).map((file) => ({
            id: file.id,
            name: file.filename,
            bytes: file.size,
            at: file.content,
          })),
        },
      }
    },
    update: async (pass, id, one) => nothingToRead(await tell(pass, 'PUT', at(id), { fields: fieldsOf(one) })),
    setStatus: async (pass, id, status, ends) => {
      const known = readJson(await ask(`${at(id)}/transitions`), Transitions)
      if (known.kind !== 'done') return known
      const way = known.value.transitions.find(({ to }) => to.name.toLowerCase() === status.toLowerCase())
      if (way === undefined) {
        const names = known.value.transitions.map(({ to }) => to.name).join(', ')
        return {
          kind: 'refused',
          why: `no transition leads to "${status}" from where it is (only to: ${names || 'nothing'})`,
        }
      }
      const closing: Record<string, unknown> = {}
      for (const [name, value] of Object.entries(settings.closing))
        closing[name] = name === 'resolution' ? { name: value } : value
      const fields = ends && Object.keys(closing).length > 0 ? { fields: closing } : {}
      return nothingToRead(await tell(pass, 'POST', `${at(id)}/transitions`, { transition: { id: way.id }, ...fields }))
    },
    comment: async (pass, id, one) => {
      const made = readJson(
        await tell(pass, 'POST', `${at(id)}/comment`, { body: text(one.text) }),
        z.object({ id: z.string() }),
      )
      return made.kind === 'done' ? { kind: 'done', value: made.value.id } : made
    },
    attach: async (pass, id, file) => {
      const form = new FormData()
      form.append('file', new Blob([new Uint8Array(file.bytes)]), file.name)
      const made = readJson(
        await out.tell(pass, {
          method: 'POST',
          url: `${base}${at(id)}/attachments`,
          // Their reference: without it a form is refused as a forgery.
          headers: { ...headers, 'x-atlassian-token': 'no-check' },
          body: form,
        }),
        z.array(z.object({ id: z.union([z.string(), z.number()]).transform(String) })).min(1),
      )
      return made.kind === 'done' ? { kind: 'done', value: made.value[0]?.id ?? null } : made
    },
    fetch: async (file) => {
      // Cloud answers the address of the content with a redirect to a signed one, unless told otherwise; Data Center answers with bytes.
      const url = cloud ? `${base}/attachment/content/${encodeURIComponent(file.id)}?redirect=false` : file.at
      if (new URL(url).origin !== new URL(settings.baseUrl).origin)
        return { kind: 'refused', why: 'the file lies elsewhere' }
      const got = await out.ask({ url, headers: { ...headers, accept: '*/*' } })
      if (got.kind !== 'done') return got
      return got.value.status === 404
        ? { kind: 'refused', why: 'the file is gone' }
        : { kind: 'done', value: got.value.bytes }
    },
    changed: async (minutes) => {
      const jql = `project = "${literal(settings.project)}" AND labels = counterfoil AND updated >= -${minutes}m ORDER BY updated ASC`
      const found = readJson(await search(jql, changedMax), Found)
      return found.kind === 'done' ? { kind: 'done', value: found.value.issues.map(({ id }) => id) } : found
    },
    whoAmI: async () => {
      const me = readJson(await ask('/myself'), z.object({ displayName: z.string() }))
      return me.kind === 'done' ? { kind: 'done', value: me.value.displayName } : me
    },
    close: () => out.close(),
  }
}

type Raw = z.infer<typeof Comments>['comments'][number]

/** An issue brings its first comments; a long talk is read to its end. */
async function allComments(
  first: { readonly comments: readonly Raw[]; readonly total?: number | undefined },
  more: (from: number) => ReturnType<CallOut['ask']>,
): Promise<Called<TheirTicket['comments']>> {
  const all = [...first.comments]
  while (all.length < Math.min(first.total ?? 0, commentsMax)) {
    const page = readJson(await more(all.length), Comments)
    if (page.kind !== 'done') return page
    if (page.value.comments.length === 0) break
    all.push(...page.value.comments)
  }
  return {
    kind: 'done',
    value: all.map(({ id, body, author }) => ({ id, author: author?.displayName ?? '', text: plainOf(body) })),
  }
}

/** Twice what a ticket here keeps on its page. */
const commentsMax = 2_000

/** Text within quotes of JQL. */
function literal(text: string): string {
  return text.replaceAll(/["\\]/g, String.raw`\$&`)
}
