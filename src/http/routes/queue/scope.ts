import type { QueueScope } from '../../../contract/desk.ts'
import type { Today } from '../../../db/queue-front.ts'
import type { Session } from '../../../db/sessions.ts'
import type { Front } from '../../front.ts'

/** "me" as the person who asks: an address that is shared shows each their own. */
export function withMe<S extends QueueScope>(scope: S, session: () => Session): S {
  return scope.assignee === 'me' ? { ...scope, assignee: session().user.id } : scope
}

export function today(front: Front): Today {
  return { timeZone: front.settings.config.businessHours.timeZone, now: front.clock.now() }
}
