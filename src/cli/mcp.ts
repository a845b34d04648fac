import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { Command } from 'commander'
import { mcpSettings } from '../config/config.ts'
import { wordsOf } from '../kit/errors.ts'
import { deskClient } from './mcp/desk-client.ts'
import { mcpServer, toolsFor } from './mcp/server.ts'

const examples = `
The desk is a running Counterfoil, here or elsewhere; the key is made under Settings, API keys. Its scopes say which tools there are.

Examples:
  COUNTERFOIL_URL=https://desk.example.org COUNTERFOIL_KEY_FILE=/etc/counterfoil/mcp.key counterfoil mcp
  COUNTERFOIL_KEY=cfk_... counterfoil mcp            the desk on http://localhost:8844

It reads and drafts; it can never decide, release or send: docs/mcp.md.`

/** `counterfoil mcp`: speaks the Model Context Protocol on stdin and stdout until stdin ends. */
export function mcpCommand(): Command {
  return new Command('mcp')
    .description('Serve the desk to a language model: read, and draft.')
    .addHelpText('after', examples)
    .action(mcpAction)
}

async function mcpAction(): Promise<void> {
  const settings = mcpSettings()
  const desk = deskClient(settings)
  const { account, scopes } = await desk('GET /api/key')
  const names = toolsFor(scopes).map(({ name }) => name)
  // stdout is the protocol's.
  process.stderr.write(
    `counterfoil: ${settings.url} as ${account}: ${names.join(', ') || 'no tool, the key has no scope for one'}\n`,
  )
  const ended = Promise.withResolvers<void>()
  process.stdin.once('end', ended.resolve)
  process.stdin.once('close', ended.resolve)
  const served = serveStdio(() => mcpServer(desk, scopes), {
    onerror: (error) => void process.stderr.write(`counterfoil: ${wordsOf(error)}\n`),
  })
  await ended.promise
  await served.close()
}
