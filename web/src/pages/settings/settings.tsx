import { Link, useParams } from '@tanstack/react-router'
import { useMay } from '../../me.ts'
import { EmptyState } from '../../parts/states.tsx'
import { ConnectorsPart } from './connectors.tsx'
import { HousePart } from './house.tsx'
import { ListsPart } from './lists.tsx'
import { MePart } from './me.tsx'
import { ProvidersPart } from './providers.tsx'
import { UsersPart } from './users.tsx'
import './settings.css'

const parts = [
  { id: 'providers', title: 'Providers', needs: 'house.see', show: ProvidersPart },
  { id: 'connectors', title: 'Connectors', needs: 'house.see', show: ConnectorsPart },
  { id: 'lists', title: 'Assets, people, networks', needs: 'house.see', show: ListsPart },
  { id: 'house', title: 'Mail and house', needs: 'house.see', show: HousePart },
  { id: 'users', title: 'Users', needs: 'user.manage', show: UsersPart },
  { id: 'me', title: 'Me and my sessions', needs: 'self.manage', show: MePart },
] as const

export function SettingsPage() {
  const { part } = useParams({ from: '/desk/settings/$part' })
  const may = useMay()
  const allowed = parts.filter((one) => may(one.needs))
  const current = allowed.find((one) => one.id === part)
  return (
    <>
      <div className="page-head">
        <h1>Settings</h1>
      </div>
      <div className="settings-grid">
        <nav className="settings-nav" aria-label="Settings">
          {allowed.map((one) => (
            <Link key={one.id} to="/settings/$part" params={{ part: one.id }} className="nav-link">
              {one.title}
            </Link>
          ))}
        </nav>
        <div className="stack">
          {current === undefined ? (
            <EmptyState title="This is not for your role." proof="An administrator sees it." />
          ) : (
            <current.show />
          )}
        </div>
      </div>
    </>
  )
}
