import { Link } from '@tanstack/react-router'

/** The pages about logs; each has an address of its own. */
const tabs = [
  { to: '/logs', title: 'Search' },
  { to: '/logs/hunt', title: 'Hunt' },
  { to: '/logs/sources', title: 'Sources' },
  { to: '/logs/detections', title: 'Detections' },
] as const

export function LogTabs() {
  return (
    <nav className="log-tabs" aria-label="Logs">
      {tabs.map(({ to, title }) => (
        <Link key={to} to={to} activeOptions={{ exact: true, includeSearch: false }}>
          {title}
        </Link>
      ))}
    </nav>
  )
}
