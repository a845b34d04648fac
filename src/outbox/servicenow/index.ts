import { z } from 'zod'
import type { Clock } from '../../kit/clock.ts'
import type { Outgoing, SystemSettings, TheirRef, TicketSystemBehind } from '../../model/elsewhere.ts'
import { authorization, CallOut, nothingToRead, readJson, type Telling } from '../call-out.ts'
import type { Pass } from '../gate.ts'

/** Tickets of ours that changed between two looks: more are seen at the next. */
const changedMax = 100
/** Twice what a ticket here keeps on its page. */
const commentsMax = 2_000
/** Impact and urgency (1 high, 3 low) from which ServiceNow works the priority out. */
const weights: Readonly<Record<string, string>> = {
  critical: '1',
  high: '2',
  medium: '2',
  low: '3',
  informational: '3',
}

const Row = z.object({ sys_id: z.string(), number: z.string() })
const one = <T extends z.ZodType>(shape: T) => z.object({ result: shape })
const many = <T extends z.ZodType>(shape: T) => z.object({ result: z.array(shape) })
const Shown = z.object({ value: z.string(), display_value: z.string().nullish() })
const Record_ = z.object({ sys_id: Shown, number: Shown, state: Shown })
const Journal = z.object({ sys_id: z.string(), value: z.string(), sys_created_by: z.string() })
const File = z.object({
  sys_id: z.string(),
  file_name: z.string(),
  size_bytes: z.union([z.string(), z.number()]).transform(Number),
})

/**
 * ServiceNow: the Table API, the Attachment API, and sys_journal_field for comments. Tickets are found by correlation_id. After
 * ServiceNow's public reference; no instance of theirs was at hand. States are those that people read (display values).
 */
export function openServiceNow(settings: SystemSettings, secret: string, clock: Clock): TicketSystemBehind<Pass> {
  const out = new CallOut(settings, clock)
  const root = settings.baseUrl.replace(/\/+$/, '')
  const headers = { authorization: authorization(settings.user, secret), accept: 'application/json' }
  const table = `/api/now/table/${settings.table}`
  const ask = (path: string, query: Record<string, string>) =>
    out.ask({ url: `${root}${path}?${new URLSearchParams(query).toString()}`, headers })
  const tell = (pass: Pass, method: Telling['method'], path: string, body: unknown) =>
    out.tell(pass, {
      method,
      // A state is written as it is read: by its name.
      url: `${root}${path}?sysparm_input_display_value=true&sysparm_fields=sys_id,number`,
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const at = (id: string) => `${table}/${encodeURIComponent(id)}`
  const refOf = ({ sys_id: id, number: key }: z.infer<typeof Row>): TheirRef => ({
    id,
    key,
    url: `${root}/nav_to.do?uri=${encodeURIComponent(`${settings.table}.do?sys_id=${id}`)}`,
  })
  const fieldsOf = (ticket: Outgoing) => ({
    short_description: ticket.title.slice(0, 160),
    description: ticket.description,
    ...(ticket.severity === null || weights[ticket.severity] === undefined
      ? {}
      : { impact: weights[ticket.severity], urgency: weights[ticket.severity] }),
  })
  const filesOf = (id: string) =>
    ask('/api/now/attachment', {
      sysparm_query: `table_name=${settings.table}^table_sys_id=${plain(id)}`,
      sysparm_limit: '200',
    })
  return {
    reads: true,
    find: async (marker) => {
      const query = `correlation_id=${plain(marker)}^ORDERBYsys_created_on`
      const found = readJson(
        await ask(table, { sysparm_query: query, sysparm_fields: 'sys_id,number', sysparm_limit: '10' }),
        many(Row),
      )
      return found.kind === 'done' ? { kind: 'done', value: found.value.result.map(refOf) } : found
    },
    create: async (pass, ticket) => {
      const body = {
        ...settings.extra,
        ...fieldsOf(ticket),
        correlation_id: ticket.marker,
        correlation_display: `Counterfoil ${ticket.ticket}`,
      }
      const made = readJson(await tell(pass, 'POST', table, body), one(Row))
      return made.kind === 'done' ? { kind: 'done', value: refOf(made.value.result) } : made
    },
    read: async (id) => {
      const answer = await ask(at(id), { sysparm_display_value: 'all', sysparm_fields: 'sys_id,number,state' })
      if (answer.kind === 'done' && answer.value.status === 404) return { kind: 'done', value: null }
      const row = readJson(answer, one(Record_))
      if (row.kind !== 'done') return row
      const journal = readJson(
        await ask('/api/now/table/sys_journal_field', {
          sysparm_query: `element_id=${plain(id)}^elementIN${settings.journal},comments^ORDERBYsys_created_on`,
          sysparm_fields: 'sys_id,value,sys_created_by',
          sysparm_limit: String(commentsMax),
        }),
        many(Journal),
      )
      if (journal.kind !== 'done') return journal
      const files = readJson(await filesOf(id), many(File))
      if (files.kind !== 'done') return files
      const { sys_id, number, state } = row.value.result
      return {
        kind: 'done',
        value: {
          ...refOf({ sys_id: sys_id.value, number: number.value }),
          status: state.display_value ?? state.value,
          comments: journal.value.result.map((entry) => ({
            id: entry.sys_id,
            author: entry.sys_created_by,
            text: entry.value.trim(),
          })),
          files: files.value.result.map((file) => ({
            id: file.sys_id,
            name: file.file_name,
            bytes: file.size_bytes,
            at: `/api/now/attachment/${encodeURIComponent(file.sys_id)}/file`,
          })),
        },
      }
    },
    update: async (pass, id, ticket) => nothingToRead(await tell(pass, 'PATCH', at(id), fieldsOf(ticket))),
    setStatus: async (pass, id, status, ends) =>
      nothingToRead(await tell(pass, 'PATCH', at(id), { ...(ends ? settings.closing : {}), state: status })),
    // The answer does not say which line of the journal it became: it is recognised when it is read.
    comment: async (pass, id, comment) => {
      const told = nothingToRead(await tell(pass, 'PATCH', at(id), { [settings.journal]: comment.text }))
      return told.kind === 'done' ? { kind: 'done', value: null } : told
    },
    attach: async (pass, id, file) => {
      const query = new URLSearchParams({ table_name: settings.table, table_sys_id: id, file_name: file.name })
      const made = readJson(
        await out.tell(pass, {
          method: 'POST',
          url: `${root}/api/now/attachment/file?${query.toString()}`,
          headers: { ...headers, 'content-type': 'application/octet-stream' },
          body: file.bytes,
        }),
        one(z.object({ sys_id: z.string() })),
      )
      return made.kind === 'done' ? { kind: 'done', value: made.value.result.sys_id } : made
    },
    fetch: async (file) => {
      const got = await out.ask({ url: `${root}${file.at}`, headers: { ...headers, accept: '*/*' } })
      if (got.kind !== 'done') return got
      return got.value.status === 404
        ? { kind: 'refused', why: 'the file is gone' }
        : { kind: 'done', value: got.value.bytes }
    },
    changed: async (minutes) => {
      // Relative to their clock, so that ours may be wrong.
      const query = `correlation_idSTARTSWITHcounterfoil-^sys_updated_onRELATIVEGT@minute@ago@${minutes}^ORDERBYsys_updated_on`
      const found = readJson(
        await ask(table, { sysparm_query: query, sysparm_fields: 'sys_id,number', sysparm_limit: String(changedMax) }),
        many(Row),
      )
      return found.kind === 'done' ? { kind: 'done', value: found.value.result.map(({ sys_id }) => sys_id) } : found
    },
    whoAmI: async () => {
      const seen = readJson(await ask(table, { sysparm_limit: '1', sysparm_fields: 'sys_id,number' }), many(Row))
      if (seen.kind !== 'done') return seen
      return { kind: 'done', value: `${settings.user || 'the token'}, reading ${settings.table}` }
    },
    close: () => out.close(),
  }
}

/** What cannot end or widen a condition of an encoded query. */
function plain(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_-]/g, '')
}
