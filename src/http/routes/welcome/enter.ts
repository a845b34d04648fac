import { transaction } from '../../../db/open.ts'
import { useLink } from '../../../db/sessions.ts'
import { userById } from '../../../db/users.ts'
import { Trouble } from '../../../kit/errors.ts'
import { livingLink } from '../../links.ts'
import { serve } from '../../serve.ts'
import { signIn } from '../../sign-in.ts'

/** Only links of a demo sign anybody in; those of a first run or an invitation make a user with a key of their own first. */
export const enterByLink = serve('POST /api/welcome/enter', async (asking) => {
  const { front, body } = asking
  const user = await transaction(front.db, async (tx) => {
    const { purpose, payload } = await livingLink(tx, front.clock, body.token, true)
    if (purpose !== 'demo' || !(await useLink(tx, body.token, front.clock.now()))) throw new Trouble('link.over')
    const found = await userById(tx, payload.userId)
    if (found === null || found.disabled) throw new Trouble('link.over')
    await signIn(asking, found, 'link', { tx })
    return found
  })
  return { user }
})
