import { parentPort } from 'node:worker_threads'
import type { FromWorker, ToWorker } from '../intake/mail/killable-pool.ts'
import { takeApart } from '../intake/mail/take-apart.ts'
import { wordsOf } from '../kit/errors.ts'
import { inspectFile } from '../parsers/attachment/inspect.ts'
import type { InspectionJob } from './inspection.ts'

const post = (message: FromWorker): void => parentPort?.postMessage(message)

/** What reads PDF is loaded when the first one comes. */
const pdf = async (bytes: Uint8Array) => (await import('../parsers/attachment/pdf.ts')).inspectPdf(bytes)

parentPort?.on('message', (message: ToWorker) => {
  if (message.kind !== 'job') return
  const { name, bytes } = message.job as InspectionJob
  inspectFile(name, bytes, { mail: takeApart, pdf }).then(
    (result) => post({ kind: 'done', id: message.id, result }),
    (error: unknown) => post({ kind: 'done', id: message.id, error: { message: wordsOf(error) } }),
  )
})

post({ kind: 'ready' })
