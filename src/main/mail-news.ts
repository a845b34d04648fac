import type { MailDoor, SendResult } from '../model/doors.ts'

export type MailNews = { readonly state: string; readonly says: string; readonly lastSuccess: string | null }

/** The mail door, telling after each mail how the server at its other end is doing. A mail refused for good is that mail's own trouble. */
export function tellingDoor(
  door: MailDoor,
  parts: { readonly server: string; readonly now: () => Date; readonly tell: (news: MailNews) => Promise<void> },
): MailDoor {
  const { server, now, tell } = parts
  return {
    ...door,
    leave: async (leaving) => {
      const result = await door.leave(leaving)
      const works = result.kind === 'accepted' || (result.kind === 'refused' && result.permanent)
      const says = works ? `${server} takes our mail` : `${server} did not take a mail: ${whyOf(result)}`
      const lastSuccess = result.kind === 'accepted' ? now().toISOString() : null
      await tell({ state: works ? 'active' : 'failing', says, lastSuccess })
      return result
    },
  }
}

function whyOf(result: Exclude<SendResult, { kind: 'accepted' }>): string {
  const why = result.why.replace(/\.$/, '')
  return result.kind === 'refused'
    ? `${why}. It waits, and is tried again by itself.`
    : `${why}. Whether it arrived nobody knows; it is never sent again by itself.`
}
