import type { PasskeyRow } from '../../../../src/contract/sign-in.ts'
import { When } from '../../parts/time.tsx'

export function PasskeyAge({ passkey }: { readonly passkey: PasskeyRow }) {
  return (
    <>
      since <When at={passkey.createdAt} ago />
      {passkey.lastUsedAt !== null && (
        <>
          , last used <When at={passkey.lastUsedAt} ago />
        </>
      )}
    </>
  )
}
