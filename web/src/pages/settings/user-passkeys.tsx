import { Button, Modal, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { UserRow } from '../../../../src/contract/sign-in.ts'
import { call } from '../../api.ts'
import { ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { PasskeyAge } from './passkey-age.tsx'
import { ShownOnce } from './shown-once.tsx'

/** The passkeys of somebody, and how an administrator takes a lost one away. */
export function UserPasskeys({ user, close }: { readonly user: UserRow; readonly close: () => void }) {
  const client = useQueryClient()
  const [reason, setReason] = useState('')
  const list = useQuery({
    queryKey: ['users', user.id, 'passkeys'],
    queryFn: () => call('GET /api/users/:id/passkeys', { params: { id: user.id } }),
  })
  const remove = useMutation({
    mutationFn: (passkey: string) =>
      call('POST /api/users/:id/passkeys/:passkey/remove', { params: { id: user.id, passkey }, body: { reason } }),
    onSuccess: () => setReason(''),
    onSettled: () => client.invalidateQueries({ queryKey: ['users'] }),
  })
  const again = useMutation({
    mutationFn: () => call('POST /api/users/:id/passkey-link', { params: { id: user.id }, body: { reason } }),
    onSuccess: () => setReason(''),
  })
  const link = again.data?.link ?? remove.data?.link ?? null
  const isShutOut = list.data?.mayHaveLink === true && link === null
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={`Passkeys of ${user.name}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <div className="stack">
        {list.data === undefined &&
          (list.error === null ? <Loading /> : <ErrorState error={list.error} retry={() => void list.refetch()} />)}
        {list.data?.passkeys.length === 0 && <p className="dim">None.</p>}
        {list.data !== undefined && list.data.passkeys.length > 0 && (
          <>
            <p>
              Remove one that is lost: all their sessions end, and it opens and signs nothing any more. What it signed
              stays, and can still be verified.
            </p>
          </>
        )}
        {isShutOut && (
          <p>
            {user.name} has no way in. A new link lets them register a passkey; the one before, if there is one, ends.
          </p>
        )}
        {((list.data?.passkeys.length ?? 0) > 0 || isShutOut) && (
          <TextInput
            label="Why, for the ledger"
            data-autofocus
            maxLength={500}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
        )}
        {isShutOut && (
          <Button
            variant="default"
            style={{ alignSelf: 'flex-start' }}
            disabled={reason.trim() === ''}
            loading={again.isPending}
            onClick={() => again.mutate()}
          >
            Make a link for a new passkey
          </Button>
        )}
        {list.data?.passkeys.map((passkey) => (
          <div key={passkey.id} className="row between wrap">
            <span>{passkey.name}</span>
            <span className="dim grow">
              <PasskeyAge passkey={passkey} />
            </span>
            <Button
              size="compact-sm"
              variant="default"
              aria-label={`Remove ${passkey.name}`}
              disabled={reason.trim() === ''}
              loading={remove.isPending}
              onClick={() => remove.mutate(passkey.id)}
            >
              Remove
            </Button>
          </div>
        ))}
        <Problem error={remove.error ?? again.error} />
        {link !== null && (
          <ShownOnce text={link.address}>
            {user.name} has no way in any more. Give them this link for a new passkey by a way you trust; it ends{' '}
            <When at={link.expiresAt} />.
          </ShownOnce>
        )}
      </div>
    </Modal>
  )
}
