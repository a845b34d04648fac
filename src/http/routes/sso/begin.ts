import { checkOwner } from '../../another-factor.ts'
import { serve } from '../../serve.ts'
import { beginSso, setFlowCookie } from '../../sso.ts'

export const signInBySso = serve('POST /api/sign-in/sso', async (asking) => {
  const { url, token } = await beginSso(asking, null)
  setFlowCookie(asking, token)
  return { url }
})

export const tieSso = serve('POST /api/me/sso', async (asking) => {
  await checkOwner(asking, asking.body.proof)
  const { url, token } = await beginSso(asking, asking.session().user.id)
  setFlowCookie(asking, token)
  return { url }
})
