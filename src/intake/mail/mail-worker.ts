import { parentPort } from 'node:worker_threads'
import { isTrouble, wordsOf } from '../../kit/errors.ts'
import type { KeysToOpen } from '../../model/doors.ts'
import type { FromWorker, ToWorker } from './killable-pool.ts'
import { readLetter } from './read-letter.ts'
import type { VerifyJob } from './verify.ts'

/** What the thread can be asked for. */
export type MailJob =
  | { readonly kind: 'read'; readonly bytes: Uint8Array }
  | { readonly kind: 'read-msg'; readonly bytes: Uint8Array }
  | { readonly kind: 'open'; readonly bytes: Uint8Array; readonly keys: KeysToOpen }
  | VerifyJob

type Waiting = { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }

const asked = new Map<number, Waiting>()
let nextAsk = 1

function post(message: FromWorker): void {
  parentPort?.postMessage(message)
}

/** A question to the main thread on behalf of a job, e.g. a DNS look-up. */
function ask(id: number, question: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const number = nextAsk++
    asked.set(number, { resolve, reject })
    post({ kind: 'ask', id, ask: number, question })
  })
}

// The verifier and the Outlook reader are loaded when first needed: a thread that only reads mail stays small.
async function work(id: number, job: MailJob): Promise<unknown> {
  switch (job.kind) {
    case 'read':
      return readLetter(job.bytes)
    case 'read-msg':
      return (await import('./read-msg.ts')).readMsg(job.bytes)
    case 'open':
      return (await import('./sealed-mail.ts')).openSealed(job.bytes, job.keys)
    case 'verify':
      return (await import('./verify.ts')).verify(job, (name, type) => ask(id, { name, type }))
  }
}

parentPort?.on('message', (message: ToWorker) => {
  if (message.kind === 'answer') {
    const waiting = asked.get(message.ask)
    asked.delete(message.ask)
    if (message.error === undefined) waiting?.resolve(message.value)
    else
      waiting?.reject(
        Object.assign(new Error((message.error as { message: string }).message), {
          code: (message.error as { code?: string }).code,
        }),
      )
    return
  }
  work(message.id, message.job as MailJob).then(
    (result) => post({ kind: 'done', id: message.id, result }),
    (error: unknown) =>
      post({
        kind: 'done',
        id: message.id,
        error: {
          message: wordsOf(error),
          trouble: isTrouble(error) ? { code: error.code, details: error.details } : null,
        },
      }),
  )
})

post({ kind: 'ready' })
