declare module 'oidc-provider' {
  import type { RequestListener } from 'node:http'

  /** As far as the test of signing in uses it; the package brings no types. */
  export default class Provider {
    constructor(issuer: string, configuration: Record<string, unknown>)
    callback(): RequestListener
  }
}
