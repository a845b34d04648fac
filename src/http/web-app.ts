import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { problemOf } from './problems.ts'

const notBuilt = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Counterfoil</title>
<p>The web pages are not built yet. Run <code>npm run build</code> and reload.</p></html>`

/** Names with a digest in them never change; a year is the longest that caches keep anything. */
const assetMaxAge = '365d'

/**
 * Serves the built pages. `index.html` answers every path that is not a file, so that links into the app work; it carries
 * a fresh nonce each time, which is what lets the component library add its style elements under our policy.
 */
export async function serveWebApp(app: FastifyInstance, folder: string): Promise<void> {
  const file = path.join(folder, 'index.html')
  const built = existsSync(file)
  const page = built ? readFileSync(file, 'utf8') : notBuilt

  const index = (reply: FastifyReply) => {
    const nonce = randomBytes(16).toString('base64')
    const policy = String(reply.getHeader('content-security-policy') ?? '').replace(
      "style-src 'self'",
      `style-src 'self' 'nonce-${nonce}'`,
    )
    return reply
      .header('content-security-policy', policy)
      .header('cache-control', 'no-store')
      .type('text/html; charset=utf-8')
      .send(page.replaceAll('__STYLE_NONCE__', nonce))
  }

  if (built) {
    await app.register(fastifyStatic, {
      root: path.join(folder, 'assets'),
      prefix: '/assets/',
      immutable: true,
      maxAge: assetMaxAge,
      index: false,
      preCompressed: true,
      schemaHide: true,
    })
    for (const name of ['theme.js', 'mark.svg']) {
      app.get(`/${name}`, { schema: { hide: true }, config: { access: 'public' } }, (_request, reply) =>
        reply.sendFile(name, folder, { maxAge: '1h', immutable: false }),
      )
    }
  }
  app.setNotFoundHandler((request, reply) => {
    const isPage = request.method === 'GET' && !request.url.startsWith('/api/') && !request.url.startsWith('/assets/')
    if (isPage) return index(reply)
    return reply.code(404).header('cache-control', 'no-store').send(problemOf('not.found'))
  })
}
