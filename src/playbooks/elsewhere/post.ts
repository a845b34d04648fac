import { z } from 'zod'
import { changeLink, insertPost, linkById, noteChange, noteTheirChanges } from '../../db/elsewhere.ts'
import { markHooked, type SystemRecord } from '../../db/elsewhere-systems.ts'
import { transaction } from '../../db/open.ts'
import { Trouble } from '../../kit/errors.ts'
import { unseal } from '../../kit/seal.ts'
import { SystemPost } from '../../model/elsewhere.ts'
import { type ElsewhereDesk, placeOfHook, placeOfSystem } from './desk.ts'
import { known } from './settings.ts'
import { takeComment } from './take.ts'

/** A post as HTTP has it; `verify` looks at its signature with the secret of the system. */
export type SystemPosted = {
  readonly systemId: string
  readonly postId: string
  readonly bytes: Uint8Array
  readonly verify: (secret: string) => boolean
  /** The same as Jira signs: HMAC-SHA256 over the body, in `X-Hub-Signature`. */
  readonly verifyHook: (secret: string) => boolean
}

/**
 * Takes what a system posts back, signed as we sign. The same post again, or an older status than the last, changes nothing. Whatever is
 * wrong with it is Trouble('webhook.refused'), and nobody learns which systems or tickets there are.
 */
export async function takePost(desk: ElsewhereDesk, posted: SystemPosted): Promise<{ fresh: boolean }> {
  const refused = (why: string): Trouble => new Trouble('webhook.refused', { system: posted.systemId, why })
  const system = await known(desk, posted.systemId).catch(() => {
    throw refused('no such system')
  })
  if (system.kind === 'jira') return takeHook(desk, system, posted, refused)
  const secret = system.sealed === null ? '' : unseal(desk.sealKey, system.sealed, placeOfSystem(system.id))
  if (!system.enabled || system.kind !== 'webhook' || secret === '' || !posted.verify(secret))
    throw refused('signature')
  const post = readAs(SystemPost, posted.bytes)
  const link = await linkById(desk.db, system.id, post.id)
  if (link === null) throw new Trouble('not.found')
  const now = desk.clock.now()
  // Comments know themselves again by the id they have over there.
  if (post.type === 'ticket.commented') {
    if (!system.settings.takes.includes('comments')) return { fresh: false }
    const { comment: id, author, text } = post
    return { fresh: await takeComment({ desk, system, link }, { id, author, text, key: link.theirKey ?? '' }) }
  }
  return transaction(desk.db, async (tx) => {
    if (!(await insertPost(tx, system.id, posted.postId, now))) return { fresh: false }
    if (post.type === 'ticket.linked') {
      await changeLink(tx, link, { theirKey: post.key, theirUrl: post.url })
      return { fresh: true }
    }
    const at = new Date(post.at)
    const last = await linkById(tx, system.id, post.id)
    if (last?.postedAt != null && last.postedAt >= at) return { fresh: false }
    await changeLink(tx, link, { postedStatus: post.status, postedAt: at })
    await noteChange(tx, system.id, link.alertId)
    return { fresh: true }
  })
}

/** What a webhook of Jira is good for: which issue to look at. */
const Hook = z.looseObject({ issue: z.looseObject({ id: z.string().max(64) }) })

/**
 * Takes a webhook of Jira: nothing in it is believed but that its issue is to be read now instead of within a minute. The same post again
 * has it read again, and changes nothing.
 */
async function takeHook(
  desk: ElsewhereDesk,
  system: SystemRecord,
  posted: SystemPosted,
  refused: (why: string) => Trouble,
): Promise<{ fresh: boolean }> {
  const secret = system.hookSealed === null ? '' : unseal(desk.sealKey, system.hookSealed, placeOfHook(system.id))
  if (!system.enabled || secret === '' || !posted.verifyHook(secret)) throw refused('signature')
  const { issue } = readAs(Hook, posted.bytes)
  await markHooked(desk.db, system.id, desk.clock.now())
  return { fresh: (await noteTheirChanges(desk.db, system.id, [issue.id])) > 0 }
}

function readAs<T>(shape: z.ZodType<T>, bytes: Uint8Array): T {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch (error) {
    throw new Trouble('input.invalid', { fields: { body: 'This is no JSON' } }, error)
  }
  const parsed = shape.safeParse(value)
  if (parsed.success) return parsed.data
  const fields = parsed.error.issues.slice(0, 10).map(({ path, message }) => [path.join('.') || 'body', message])
  throw new Trouble('input.invalid', { fields: Object.fromEntries(fields) })
}
