import { ActionIcon, Button, Menu, Tooltip, useMantineColorScheme } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, Outlet, useNavigate } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useState } from 'react'
import { call, Refused } from '../api.ts'
import { listen, useLive, useOutdated } from '../live.ts'
import { meQuery, useMay } from '../me.ts'
import { roleWords } from '../words.ts'
import {
  ContextIcon,
  KeyboardIcon,
  LedgerIcon,
  LogsIcon,
  Mark,
  MoonIcon,
  QuarantineIcon,
  QueueIcon,
  SearchIcon,
  SettingsIcon,
  SunIcon,
  TicketsIcon,
  XrayIcon,
} from './icons.tsx'
import { KeySheet } from './key-sheet.tsx'
import { useKeys } from './keys.ts'
import { Stale } from './stale.tsx'
import { ErrorState, Loading } from './states.tsx'
import { Toasts } from './toast.tsx'

const Palette = lazy(() => import('./palette.tsx'))

/** What every signed-in page stands in: the way to the others, who I am, and whether news arrive. */
export function Shell() {
  const me = useQuery(meQuery)
  const client = useQueryClient()
  const navigate = useNavigate()
  const signedIn = me.data !== undefined
  useEffect(() => (signedIn ? listen(client) : undefined), [client, signedIn])
  const needsSignIn = me.error instanceof Refused && me.error.status === 401
  useEffect(() => {
    if (needsSignIn) void navigate({ to: '/sign-in', replace: true })
  }, [needsSignIn, navigate])

  if (me.isPending || needsSignIn) return <Loading />
  if (me.error !== null) return <ErrorState error={me.error} retry={() => void me.refetch()} />
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Go to the content
      </a>
      <Nav />
      <main id="main" tabIndex={-1} className="page">
        <Outdated />
        <Stale />
        <Outlet />
      </main>
      <Toasts />
    </div>
  )
}

/** Nothing is reloaded by itself: somebody may be in the middle of a sentence. */
function Outdated() {
  if (!useOutdated()) return null
  return (
    <div className="notice row between" role="status">
      Counterfoil was brought up to date. This tab still shows the pages from before.
      <Button size="compact-sm" onClick={() => window.location.reload()}>
        Reload
      </Button>
    </div>
  )
}

function Nav() {
  const [sheet, setSheet] = useState(false)
  const [palette, setPalette] = useState(false)
  const navigate = useNavigate()
  const may = useMay()
  useEffect(() => {
    // Also while somebody types: no text field has a meaning for it.
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return
      event.preventDefault()
      setPalette(true)
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [])
  useKeys({
    '?': () => setSheet(true),
    'g h': () => void navigate({ to: '/handover' }),
    'g w': () => void navigate({ to: '/ledger/left' }),
    'g a': () => void navigate({ to: '/ledger/audit' }),
    'g f': () => void navigate({ to: '/search' }),
    'g p': () => may('approval.sign') && void navigate({ to: '/approvals' }),
    'g q': () => void navigate({ to: '/queue' }),
    'g t': () => void navigate({ to: '/tickets' }),
    'g u': () => void navigate({ to: '/quarantine' }),
    'g x': () => void navigate({ to: '/x-ray' }),
    'g o': () => void navigate({ to: '/logs' }),
    'g c': () => void navigate({ to: '/context' }),
    'g l': () => void navigate({ to: '/ledger' }),
    'g s': () => void navigate({ to: '/settings' }),
  })
  return (
    <nav className="nav" aria-label="Main">
      <Link to="/" className="brand">
        <Mark />
        Counterfoil
      </Link>
      {may('desk.see') && (
        <button
          type="button"
          className="nav-search"
          onClick={() => setPalette(true)}
          aria-keyshortcuts="Control+K Meta+K"
        >
          <SearchIcon />
          <span>Find</span>
          <kbd>Ctrl K</kbd>
        </button>
      )}
      {may('desk.see') && (
        <Link to="/queue" className="nav-link">
          <QueueIcon />
          Queue
        </Link>
      )}
      {may('portal.see') && (
        <Link to="/portal" className="nav-link">
          <QueueIcon />
          Tickets
        </Link>
      )}
      {may('owned.see') && (
        <Link to="/mine" className="nav-link">
          <ContextIcon />
          Mine
        </Link>
      )}
      {may('desk.see') && (
        <Link to="/tickets" className="nav-link">
          <TicketsIcon />
          Tickets
        </Link>
      )}
      {may('quarantine.see') && (
        <Link to="/quarantine" className="nav-link">
          <QuarantineIcon />
          Quarantine
        </Link>
      )}
      {may('xray.run') && (
        <Link to="/x-ray" className="nav-link">
          <XrayIcon />
          X-ray
        </Link>
      )}
      {may('logs.see') && (
        <Link to="/logs" className="nav-link">
          <LogsIcon />
          Logs
        </Link>
      )}
      {may('house.see') && (
        <Link to="/context" className="nav-link">
          <ContextIcon />
          Context
        </Link>
      )}
      {may('ledger.see') && (
        <Link to="/ledger" className="nav-link">
          <LedgerIcon />
          Ledger
        </Link>
      )}
      <Link to="/settings/$part" params={{ part: may('house.see') ? 'providers' : 'me' }} className="nav-link">
        <SettingsIcon />
        Settings
      </Link>
      <Foot openSheet={() => setSheet(true)} />
      <KeySheet opened={sheet} close={() => setSheet(false)} />
      {palette && may('desk.see') && (
        <Suspense>
          <Palette close={() => setPalette(false)} />
        </Suspense>
      )}
    </nav>
  )
}

/** The way back to what the first hour still needs; gone when all of it is done or done without. */
function FirstHour() {
  const first = useQuery({ queryKey: ['first-run'], queryFn: () => call('GET /api/first-run'), staleTime: 60_000 })
  const left = first.data?.steps.filter((one) => one.state === 'open').length ?? 0
  return left === 0 ? null : <Link to="/start">First hour: {left} to do</Link>
}

function Foot({ openSheet }: { readonly openSheet: () => void }) {
  const me = useQuery(meQuery).data
  const live = useLive()
  const client = useQueryClient()
  const navigate = useNavigate()
  const scheme = useMantineColorScheme()
  const signOut = async () => {
    await call('POST /api/sign-out')
    client.clear()
    await navigate({ to: '/sign-in' })
  }
  return (
    <div className="nav-foot">
      <div className="row between">
        <span className={live ? 'live' : 'live off'}>{live ? 'Live' : 'Reconnecting'}</span>
        <div className="row tight">
          <Tooltip label="Keyboard: ?">
            <ActionIcon variant="subtle" color="gray" aria-label="Show keyboard shortcuts" onClick={openSheet}>
              <KeyboardIcon />
            </ActionIcon>
          </Tooltip>
          <Menu position="top-end">
            <Menu.Target>
              <ActionIcon variant="subtle" color="gray" aria-label="Choose light or dark">
                {scheme.colorScheme === 'dark' ? <MoonIcon /> : <SunIcon />}
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              {(['auto', 'light', 'dark'] as const).map((one) => (
                <Menu.Item
                  key={one}
                  onClick={() => scheme.setColorScheme(one)}
                  {...(scheme.colorScheme === one ? { 'aria-current': true } : {})}
                >
                  {one === 'auto' ? 'As the system' : one === 'light' ? 'Light' : 'Dark'}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        </div>
      </div>
      {me !== undefined && (
        <div>
          <div className="row tight wrap">
            {me.sample && <span className="tag sample">Sample data</span>}
            {me.permissions.includes('setting.change') && <FirstHour />}
          </div>
          <div className="clip">{me.user.name}</div>
          <div className="who clip">
            {roleWords[me.user.role]} · {Intl.DateTimeFormat().resolvedOptions().timeZone}
          </div>
        </div>
      )}
      <Button variant="default" size="compact-sm" onClick={() => void signOut()}>
        Sign out
      </Button>
    </div>
  )
}
