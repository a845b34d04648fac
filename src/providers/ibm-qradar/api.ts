import { z } from 'zod'
import type { ApiRequest, ProviderApi, Told } from '../../model/provider-api.ts'
import { ofOutcomes } from '../api-words.ts'

const Offence = z.object({ id: z.int(), status: z.string(), closing_reason_id: z.int().nullish() })
const Notes = z.array(z.object({ id: z.int(), note_text: z.string(), username: z.string().nullish() }))
const Changed = z.array(z.object({ id: z.int() }))

const root = '/api/siem/offenses'
const at = (ticket: string) => `${root}/${encodeURIComponent(ticket)}`

/** QRadar takes what it is told in the query, and no body. */
const queryRequest = (tells: readonly Told[], path: string, query: Readonly<Record<string, string>>): ApiRequest => ({
  tells: [...tells],
  method: 'POST',
  path: `${path}?${new URLSearchParams(query).toString()}`,
  type: 'application/json',
  body: '',
})

/**
 * Offences of IBM QRadar (authorised service with the Offenses role; API 12 or newer). A reason goes with closing only, by its number:
 * 1, 2 and 3 are those that QRadar comes with, an installation can have more (GET /api/siem/offense_closing_reasons).
 */
export const qradarApi: ProviderApi = {
  id: 'ibm-qradar-offences',
  title: 'IBM QRadar offences',
  docs: [
    'https://github.com/IBM/api-samples/blob/master/siem/readme.md',
    'https://docs.ansible.com/ansible/latest/collections/ibm/qradar/offense_note_module.html',
    'https://github.com/demisto/content/tree/master/Packs/QRadar/Integrations/QRadar_v3',
  ],
  address: 'https://qradar.example.com',
  signIn: { kind: 'header', name: 'sec', value: (secret) => secret },
  headers: { version: '12.0' },
  // It goes in the address, and a sign may take nine bytes there.
  commentCharsMax: 1_200,
  ticket: /^\d{1,15}$/,
  statuses: { OPEN: 'Open', CLOSED: 'Closed' },
  verdicts: { '1': 'False-Positive, Tuned', '2': 'Non-Issue', '3': 'Policy Violation' },
  ownVerdicts: /^\d{1,6}$/,
  usual: ofOutcomes(
    { status: 'OPEN', verdict: '' },
    { status: 'CLOSED', verdict: '3' },
    { status: 'CLOSED', verdict: '2' },
    { status: 'CLOSED', verdict: '1' },
  ),
  means: { '1': 'false-alarm-benign', '2': 'false-alarm-nothing', '3': 'minor-trouble' },
  requests: ({ ticket, status, verdict, comment }) => [
    ...(status === null
      ? []
      : [
          queryRequest(verdict === null ? ['status'] : ['status', 'verdict'], at(ticket), {
            status,
            ...(verdict === null ? {} : { closing_reason_id: verdict }),
          }),
        ]),
    ...(comment === null ? [] : [queryRequest(['comment'], `${at(ticket)}/notes`, { note_text: comment })]),
  ],
  refused: () => null,
  read: {
    ask: (ticket) => [
      { path: `${at(ticket)}?fields=id%2Cstatus%2Cclosing_reason_id` },
      { path: `${at(ticket)}/notes` },
    ],
    result: (_ticket, [offence, notes]) => {
      const { status, closing_reason_id: reason } = Offence.parse(offence)
      return {
        status,
        verdict: reason == null ? null : String(reason),
        url: null,
        comments: Notes.parse(notes).map(({ id, note_text: text, username }) => ({
          id: String(id),
          author: username ?? '',
          text,
        })),
      }
    },
  },
  changed: {
    ask: (since) => [
      {
        path: `${root}?${new URLSearchParams({ filter: `last_persisted_time > ${since.getTime()}`, fields: 'id' }).toString()}`,
      },
    ],
    result: ([answer]) => Changed.parse(answer).map(({ id }) => String(id)),
  },
  hello: '/api/siem/offense_closing_reasons',
}
