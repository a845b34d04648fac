import { Button } from '@mantine/core'
import { useState } from 'react'
import { doorScopes } from '../../../../src/contract/permissions.ts'
import { type Answer, call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { KeyForm, Keys } from './api-keys.tsx'

/** Keys for systems of the provider: what they may, from where, until when, and when they were last used. */
export function DoorKeys({ id, door }: { readonly id: string; readonly door: Answer<'GET /api/providers/:id/door'> }) {
  const may = useMay()('provider.change')
  const [making, setMaking] = useState(false)
  return (
    <section className="stack" aria-label="Keys of their systems">
      <div className="row between wrap">
        <h3>Keys of their systems</h3>
        {may && (
          <Button size="compact-sm" variant="default" aria-expanded={making} onClick={() => setMaking(!making)}>
            {making ? 'Put away' : 'Make a key…'}
          </Button>
        )}
      </div>
      {making && (
        <KeyForm
          what={{ label: 'Which system of theirs', placeholder: 'case system' }}
          scopes={doorScopes}
          chosen={doorScopes}
          from={{
            label: 'It comes from',
            description:
              'Addresses or ranges, a /16 at most. They stand in for the second factor: without one there is no key.',
            needed: true,
          }}
          make={(body) => call('POST /api/providers/:id/door/keys', { params: { id }, body })}
          shownBy={['providers', id, 'door']}
        />
      )}
      {door.keys.length === 0 ? (
        <p className="dim">
          None: only people come to this door. A key lets a system of theirs ask, and read what was released; it works
          only from the addresses that it is made for.
        </p>
      ) : (
        <Keys
          keys={door.keys}
          takeBack={
            may ? (key) => call('POST /api/providers/:id/door/keys/:key/revoke', { params: { id, key } }) : null
          }
          shownBy={['providers', id, 'door']}
        />
      )}
    </section>
  )
}
