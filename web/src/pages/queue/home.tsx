import { Navigate } from '@tanstack/react-router'
import { useMe } from '../../me.ts'

/** An empty installation begins with the X-ray: something to see before anything is configured. */
export function HomePage() {
  const me = useMe()
  if (me === undefined) return null
  return me.alerts === 0 && me.permissions.includes('xray.run') ? (
    <Navigate to="/x-ray" replace />
  ) : (
    <Navigate to="/queue" replace />
  )
}
