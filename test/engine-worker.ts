import http from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { openDatabase } from '../src/db/open.ts'
import { systemClock } from '../src/kit/clock.ts'
import { wordsOf } from '../src/kit/errors.ts'
import type { Ask } from '../src/model/doors.ts'
import type { House } from '../src/playbooks/house.ts'
import { loadLibrary } from '../src/playbooks/load.ts'
import { makeReceive } from '../src/playbooks/receive.ts'
import { makeTeller } from '../src/playbooks/teller.ts'
import { houseTasks, newNodeId, startWorker } from '../src/playbooks/worker.ts'
import { authentication, plainParse, provider } from './house.ts'

/**
 * The engine by itself, to be killed: takes mail by `POST /` (200 after the commit, as SMTP's 250), reads it, runs the playbooks of
 * content/. Arguments: database URL, milliseconds a source takes at most. Says its port on stdout when it is ready.
 */
const [url = '', askMs = '30'] = process.argv.slice(2)

/** Answers after a while, not always the same, so that kills fall between and into everything. */
const ask: Ask = async (question, _ask, { onAnswer }) => {
  await new Promise((resolve) => setTimeout(resolve, Math.random() * Number(askMs)))
  const one = {
    connector: 'stub',
    answered: { kind: 'nothing' as const, query: question },
    costMs: 1,
    askedAt: new Date(),
  }
  onAnswer?.(one)
  return [one]
}

const database = await openDatabase(url)
const say = (level: string) => (details: object, text: string) =>
  void process.stderr.write(`${level} ${text} ${JSON.stringify(details)}\n`)
const log = { debug: () => undefined, info: () => undefined, warn: say('warn'), error: say('error') }
const house: House = {
  db: database.db,
  clock: systemClock,
  log,
  node: newNodeId(),
  tell: makeTeller(database.db, log).tell,
  library: await loadLibrary([path.join(import.meta.dirname, '..', 'content', 'playbooks')]),
  parse: plainParse,
  authenticate: async () => authentication(true, provider.id),
  openMail: async () => ({ bytes: null, seen: null }),
  ask,
  people: {},
  answerUrl: (token) => `http://localhost/${token}`,
  approvalUrl: (token) => `http://localhost/approve/${token}`,
  mailNotice: async () => undefined,
  draftReply: async () => ({ replyId: '00000000-0000-4000-8000-000000000000' }),
  cannotMail: () => null,
  replySeen: async () => undefined,
}
const receive = makeReceive(house)
const worker = await startWorker({ url, node: house.node, log, tasks: houseTasks(house) })

async function take(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  try {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const receipt = await receive({
      bytes: Buffer.concat(chunks),
      form: 'mail',
      channel: 'smtp',
      sourceAddress: '192.0.2.1',
      heloName: null,
      envelopeFrom: null,
      envelopeTo: [],
      providerId: null,
      origin: 'faults',
    })
    response.writeHead(200).end(receipt.id)
  } catch (error) {
    response.writeHead(451).end(wordsOf(error))
  }
}
const server = http.createServer((request, response) => void take(request, response))
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`))
async function leave(): Promise<void> {
  server.close()
  await worker.stop()
  await database.close()
  process.exit(0)
}
process.on('SIGTERM', () => void leave())
