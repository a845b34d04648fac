import { accessApi } from './access.ts'
import { answerApi } from './answer.ts'
import { approvalsApi } from './approvals.ts'
import { auditApi } from './audit.ts'
import { chatApi } from './chat.ts'
import { coachingApi } from './coaching.ts'
import { configApi } from './config.ts'
import { connectorsApi } from './connectors.ts'
import { contextApi } from './context.ts'
import { deskApi } from './desk.ts'
import { egressApi } from './egress.ts'
import { elsewhereApi } from './elsewhere.ts'
import { firstRunApi } from './first-run.ts'
import { handoverApi } from './handover.ts'
import { houseApi } from './house.ts'
import { intelligenceApi } from './intelligence.ts'
import { limitedApi } from './limited.ts'
import { logsApi } from './logs.ts'
import { mailKeysApi } from './mail-keys.ts'
import { memoryApi } from './memory.ts'
import { packsApi } from './packs.ts'
import { playbooksApi } from './playbooks.ts'
import { presenceApi } from './presence.ts'
import { doorApi } from './provider-door.ts'
import { queueApi } from './queue.ts'
import { readersApi } from './readers.ts'
import { searchApi } from './search.ts'
import { signInApi } from './sign-in.ts'
import { similarApi } from './similar.ts'
import { sourcesApi } from './sources.ts'
import { suggestionsApi } from './suggestions.ts'
import { ticketsApi } from './tickets.ts'
import { vulnerabilitiesApi } from './vulnerabilities.ts'

/** The whole HTTP interface: "METHOD /path" and what goes in and out. The server serves exactly these; the web app is typed by them. */
export const api = {
  ...signInApi,
  ...accessApi,
  ...limitedApi,
  ...doorApi,
  ...deskApi,
  ...queueApi,
  ...presenceApi,
  ...coachingApi,
  ...ticketsApi,
  ...elsewhereApi,
  ...chatApi,
  ...answerApi,
  ...approvalsApi,
  ...houseApi,
  ...logsApi,
  ...intelligenceApi,
  ...playbooksApi,
  ...contextApi,
  ...packsApi,
  ...egressApi,
  ...mailKeysApi,
  ...readersApi,
  ...connectorsApi,
  ...sourcesApi,
  ...configApi,
  ...vulnerabilitiesApi,
  ...suggestionsApi,
  ...searchApi,
  ...handoverApi,
  ...auditApi,
  ...firstRunApi,
  ...similarApi,
  ...memoryApi,
} as const

export type Api = typeof api
export type Call = keyof Api
