import { Navigate } from '@tanstack/react-router'
import { useMe } from '../../me.ts'

/** Whoever is not of the desk has a page of their own. An empty installation begins with the X-ray: something to see before anything is configured. */
export function HomePage() {
  const me = useMe()
  if (me === undefined) return null
  if (me.permissions.includes('portal.see')) return <Navigate to="/portal" replace />
  if (me.permissions.includes('owned.see')) return <Navigate to="/mine" replace />
  return me.alerts === 0 && me.permissions.includes('xray.run') ? (
    <Navigate to="/x-ray" replace />
  ) : (
    <Navigate to="/queue" replace />
  )
}
