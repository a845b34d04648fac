import { startAuthentication } from '@simplewebauthn/browser'
import { call } from '../../api.ts'

/** Statement, passkey, answer: the release of exactly what the page shows. `digest`: of the bytes that a first release fixed; null before. */
export async function signRelease(
  id: string,
  seen: { readonly version: number; readonly digest: string | null; readonly through?: string | null },
): Promise<void> {
  const { options } = await call('POST /api/replies/:id/statement', { params: { id }, body: seen })
  const response = await startAuthentication({ optionsJSON: options as never })
  await call('POST /api/replies/:id/signature', { params: { id }, body: { response: response as never } })
}
