import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { ConnectorCard } from '../../../../src/contract/connectors.ts'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { ErrorState, Loading } from '../../parts/states.tsx'
import { ConnectorDetail } from './connector-detail.tsx'
import { ConnectorForm } from './connector-form.tsx'
import { stateWords } from './connector-words.ts'
import { CoverageHeat } from './coverage-heat.tsx'
import { CoverageMap } from './coverage-map.tsx'
import './connectors.css'

/** What needs a person first. */
const order: readonly ConnectorCard['state'][] = ['failing', 'silent', 'warning', 'active', 'not-configured', 'off']

export function ConnectorsPart() {
  const may = useMay()
  const [chosen, choose] = useState<string | null>(null)
  const [adds, setAdds] = useState(false)
  const list = useQuery({
    queryKey: ['connectors'],
    queryFn: () => call('GET /api/connectors'),
    refetchInterval: 30_000,
  })
  if (list.data === undefined)
    return list.error === null ? <Loading /> : <ErrorState error={list.error} retry={() => void list.refetch()} />
  const { connectors, rungs } = list.data
  const sorted = [...connectors].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state))
  const shown = connectors.find((one) => one.id === chosen) ?? sorted[0]
  return (
    <>
      <div className="row between wrap">
        <span className="dim">
          {order
            .map((state) => [state, connectors.filter((one) => one.state === state).length] as const)
            .filter(([, n]) => n > 0)
            .map(([state, n]) => `${n} ${stateWords[state][0].toLowerCase()}`)
            .join(', ')}
        </span>
        {may('connector.change') && <Button onClick={() => setAdds(true)}>Add a connector</Button>}
      </div>
      <div className="connectors">
        <nav className="connectors-list" aria-label="Connectors">
          {sorted.map((one) => (
            <button
              key={one.id}
              type="button"
              className="connector-pick"
              aria-current={one.id === shown?.id}
              onClick={() => choose(one.id)}
            >
              <span className="connector-name">{one.title}</span>
              <span className={`tag ${stateWords[one.state][1]}`}>{stateWords[one.state][0]}</span>
            </button>
          ))}
        </nav>
        {shown !== undefined && <ConnectorDetail key={shown.id} connector={shown} />}
      </div>
      <CoverageHeat />
      <CoverageMap connectors={sorted} rungs={rungs} />
      {adds && (
        <ConnectorForm
          close={(id) => {
            setAdds(false)
            if (id !== null) choose(id)
          }}
        />
      )}
    </>
  )
}
