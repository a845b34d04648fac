import { parentPort } from 'node:worker_threads'
import type { FromWorker, ToWorker } from '../intake/mail/killable-pool.ts'
import { takeApart } from '../intake/mail/take-apart.ts'
import { wordsOf } from '../kit/errors.ts'
import type { Inspected } from '../model/attachment.ts'
import { inspectFile } from '../parsers/attachment/inspect.ts'
import type { InspectionJob } from './inspection.ts'

const post = (message: FromWorker): void => parentPort?.postMessage(message)

/** What reads PDF is loaded when the first one comes. */
async function work({ name, bytes }: InspectionJob): Promise<Inspected> {
  const isPdf = Buffer.from(bytes.subarray(0, 5)).toString('latin1') === '%PDF-'
  if (isPdf) return (await import('../parsers/attachment/pdf.ts')).inspectPdf(bytes)
  return inspectFile(name, bytes, { mail: takeApart })
}

parentPort?.on('message', (message: ToWorker) => {
  if (message.kind !== 'job') return
  work(message.job as InspectionJob).then(
    (result) => post({ kind: 'done', id: message.id, result }),
    (error: unknown) => post({ kind: 'done', id: message.id, error: { message: wordsOf(error) } }),
  )
})

post({ kind: 'ready' })
