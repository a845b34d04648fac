import fastify from 'fastify'
import { afterEach, expect, test } from 'vitest'
import { askerGone } from './asker-gone.ts'
import { answerProblems } from './problems.ts'

const written: { level: number; msg: string }[] = []
const app = fastify({
  logger: { level: 'debug', stream: { write: (line: string) => void written.push(JSON.parse(line) as never) } },
})
answerProblems(app)
const begun = Promise.withResolvers<void>()
app.get('/waits', async (_request, reply) => {
  const gone = askerGone(reply)
  begun.resolve()
  await new Promise((_resolve, reject) => gone.addEventListener('abort', () => reject(gone.reason as Error)))
})
app.get('/breaks', () => {
  throw new Error('a fault of ours')
})
afterEach(() => void written.splice(0))

test('whoever closes a page leaves no fault in the log; a fault of ours does', async () => {
  const origin = await app.listen({ port: 0 })
  const left = new AbortController()
  const asked = fetch(`${origin}/waits`, { signal: left.signal }).catch((error: Error) => error.name)
  await begun.promise
  left.abort()
  expect(await asked).toBe('AbortError')
  await expect.poll(() => written.some(({ msg }) => msg === 'whoever asked went away')).toBe(true)
  expect(written.filter(({ level }) => level >= 40)).toEqual([])

  expect((await fetch(`${origin}/breaks`)).status).toBe(500)
  expect(written.filter(({ level }) => level >= 40)).toMatchObject([{ level: 50, msg: 'unexpected' }])
  await app.close()
})
