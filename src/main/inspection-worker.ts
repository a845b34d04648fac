import { parentPort } from 'node:worker_threads'
import type { FromWorker, ToWorker } from '../intake/mail/killable-pool.ts'
import { takeApart } from '../intake/mail/take-apart.ts'
import { wordsOf } from '../kit/errors.ts'
import { inspectFile } from '../parsers/attachment/inspect.ts'
import type { InspectionJob } from './inspection.ts'

const post = (message: FromWorker): void => parentPort?.postMessage(message)

parentPort?.on('message', (message: ToWorker) => {
  if (message.kind !== 'job') return
  const { name, bytes } = message.job as InspectionJob
  try {
    post({ kind: 'done', id: message.id, result: inspectFile(name, bytes, { mail: takeApart }) })
  } catch (error) {
    post({ kind: 'done', id: message.id, error: { message: wordsOf(error) } })
  }
})

post({ kind: 'ready' })
