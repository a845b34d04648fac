import { apiAs, type Desk } from '../../test/desk.ts'

/** A context pack with one released version and the draft of a second one, in which an asset changed. */
export async function seedPack(desk: Desk, cookie: string): Promise<void> {
  const ask = (method: string, url: string, body?: unknown) => apiAs(desk, cookie, method, url, body)
  const definition = {
    ...{ id: 'what-matters', title: 'What matters most', providerId: 'northwatch', vulnerabilities: 'all' },
    fields: ['name', 'addresses', 'owner', 'role', 'criticality', 'exposed'],
    scope: { criticality: ['critical', 'high'], environments: [], tags: [], sites: [], exposedOnly: false },
  }
  await ask('PUT', '/api/packs/what-matters', { definition, version: 0 })
  await ask('POST', '/api/packs/what-matters/draft', {})
  const { digest } = (await ask('GET', '/api/packs/what-matters/draft')) as unknown as { digest: string }
  await ask('POST', '/api/packs/what-matters/release', { digest })
  const scope = { ...definition.scope, criticality: ['critical', 'high', 'medium'] }
  await ask('PUT', '/api/packs/what-matters', { definition: { ...definition, scope }, version: 1 })
  await ask('POST', '/api/packs/what-matters/draft', {})
}
