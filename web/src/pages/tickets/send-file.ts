import type { Problem } from '../../../../src/contract/endpoint.ts'
import { Refused } from '../../api.ts'

/** Puts a file beside a ticket. Throws Refused with what the server says. */
export async function sendTicketFile(alertId: string, file: File): Promise<void> {
  const body = new FormData()
  body.append('file', file, file.name)
  const response = await fetch(`/api/tickets/${alertId}/files`, { method: 'POST', body, credentials: 'same-origin' })
  if (!response.ok) throw new Refused(response.status, (await response.json()) as Problem)
}
