import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { fixedClock } from '../kit/clock.ts'
import type { Connector, ConnectorLimits } from '../model/connector.ts'
import type { Asked } from '../model/doors.ts'
import { makeAsk } from './ask.ts'

const clock = fixedClock('2026-11-02T09:00:00.000Z')
const forever = new AbortController().signal
const free: ConnectorLimits = { timeoutMs: 1_000, concurrency: 10, perMinute: Number.POSITIVE_INFINITY }
const ours = { ours: true, network: '192.0.2.0/24', name: 'office', site: null, zone: null }

function source(id: string, ask: Connector['ask'], limits: Partial<ConnectorLimits> = {}): Connector {
  return {
    id,
    title: id,
    answers: ['network-of-address'],
    limits: { ...free, ...limits },
    scope: 'For this test.',
    ask,
    health: async () => ({ state: 'active', says: 'here', lastSuccess: null }),
  }
}
const found: Connector['ask'] = async () => ({ kind: 'found', answer: ours, query: 'q' })

function house(...connectors: Connector[]) {
  const news: [string, boolean, string][] = []
  const ask = makeAsk({ connectors, clock, news: (id, ok, why) => void news.push([id, ok, why]) })
  const of = (options: Partial<Parameters<typeof ask>[2]> = {}) =>
    ask('network-of-address', { address: '192.0.2.1' }, { signal: forever, ...options })
  return { ask, of, news }
}

describe('who is asked', () => {
  test('with nobody to ask it is one not-collected of "none"', async () => {
    expect(await house().of()).toMatchObject([{ connector: 'none', answered: { kind: 'not-collected' } }])
  })

  test('only those named are asked, and a name that is not there is told', async () => {
    const { of } = house(source('a', found), source('b', found))
    const asked = await of({ only: ['b', 'zebra'] })
    expect(asked.map(({ connector, answered }) => [connector, answered.kind])).toEqual([
      ['b', 'found'],
      ['zebra', 'not-collected'],
    ])
  })

  test('an ask of the wrong shape reaches nobody', async () => {
    const { ask, news } = house(source('a', found))
    const asked = await ask('network-of-address', { adress: 'x' }, { signal: forever })
    expect(asked).toMatchObject([
      { connector: 'none', answered: { kind: 'failed', why: expect.stringContaining('address') } },
    ])
    expect(news).toEqual([])
  })
})

describe('which time is looked at', () => {
  const window = { from: '2026-11-02T08:59:00.000Z', to: '2026-11-02T09:01:00.000Z' }

  test('a source that looks at no time does not answer about one that somebody chose', async () => {
    const { of } = house(source('states', found))
    expect(await of()).toMatchObject([{ answered: { kind: 'found' } }])
    expect(await of({ window })).toMatchObject([
      { answered: { kind: 'not-applicable', why: expect.stringContaining('looks at no time') } },
    ])
  })

  test('the chosen time reaches the source, and a look that ran out of time is known by it too', async () => {
    const slow = source(
      'slow',
      async (_question, _ask, context) => {
        if (context.window !== undefined) context.looksAt?.(context.window)
        return new Promise(() => undefined)
      },
      { timeoutMs: 20 },
    )
    const [asked] = await house(slow).of({ window })
    expect(asked?.answered).toMatchObject({ kind: 'failed', why: 'it gave no answer within 20 ms', window })
  })
})

describe('what comes of it', () => {
  test('a slow connector never holds the others: their answers come first', async () => {
    const slow = source(
      'slow',
      async (_question, _ask, { signal }) => {
        await sleep(5_000, undefined, { signal })
        return { kind: 'nothing', query: '' }
      },
      { timeoutMs: 300 },
    )
    const { of, news } = house(slow, source('quick', found))
    const order: string[] = []
    const began = performance.now()
    const asked = await of({
      onAnswer: (one) => void order.push(`${one.connector} ${performance.now() - began < 200}`),
    })
    expect(order).toEqual(['quick true', 'slow false'])
    expect(asked.map((one) => one.connector)).toEqual(['slow', 'quick'])
    expect(asked[0]?.answered).toMatchObject({ kind: 'failed', why: 'it gave no answer within 300 ms' })
    expect(news).toEqual([
      ['quick', true, ''],
      ['slow', false, 'it gave no answer within 300 ms'],
    ])
  })

  test('one that ignores its signal is left behind all the same', async () => {
    const deaf = source('deaf', () => sleep(2_000, { kind: 'nothing', query: '' } as const), { timeoutMs: 100 })
    const [asked] = await house(deaf).of()
    expect(asked?.costMs).toBeLessThan(1_000)
    expect(asked?.answered.kind).toBe('failed')
  })

  test('nonsense is a failure that says what was wrong', async () => {
    const { of, news } = house(source('odd', async () => ({ kind: 'found', answer: { ours: 'perhaps' }, query: 'q' })))
    expect((await of())[0]?.answered).toMatchObject({
      kind: 'failed',
      why: expect.stringMatching(/^it answered nonsense: ours/),
      query: 'q',
    })
    expect(news[0]?.[1]).toBe(false)
  })

  test('what it throws becomes its failure, thrown at once or later', async () => {
    const asked = await house(
      source('at-once', () => {
        throw new Error('no such table')
      }),
      source('later', () => Promise.reject(new Error('connection reset'))),
    ).of()
    expect(asked.map((one) => one.answered)).toMatchObject([
      { kind: 'failed', why: 'no such table' },
      { kind: 'failed', why: 'connection reset' },
    ])
  })

  test('called off, it answers at once and blames nobody', async () => {
    const control = new AbortController()
    const { of, news } = house(
      source('slow', () => sleep(3_000, { kind: 'nothing', query: '' } as const), { concurrency: 1 }),
    )
    const both = [of({ signal: control.signal }), of({ signal: control.signal })]
    setTimeout(() => control.abort(), 50)
    const all = (await Promise.all(both)).flat()
    expect(all.map((one) => one.answered)).toMatchObject([
      { why: 'the asking was called off' },
      { why: 'the asking was called off' },
    ])
    expect(news).toEqual([])
  })
})

describe('limits', () => {
  test('no more at once than it takes; the others wait their turn and all are answered', async () => {
    let active = 0
    let most = 0
    const connector = source(
      'narrow',
      async () => {
        most = Math.max(most, ++active)
        await sleep(20)
        active -= 1
        return { kind: 'nothing', query: '' }
      },
      { concurrency: 3 },
    )
    const { of } = house(connector)
    const all = (await Promise.all(Array.from({ length: 20 }, () => of()))).flat()
    expect(most).toBe(3)
    expect(all.filter((one: Asked) => one.answered.kind === 'nothing')).toHaveLength(20)
  })

  test('a rate limit queues: the question beyond it waits, it does not fail', async () => {
    const { of } = house(source('slow-quota', found, { perMinute: 2 }))
    await of()
    await of()
    const control = new AbortController()
    const third = of({ signal: control.signal })
    expect(await Promise.race([third, sleep(200, 'waits')])).toBe('waits')
    control.abort()
    expect((await third)[0]?.answered).toMatchObject({ kind: 'failed', why: 'the asking was called off' })
  })

  test('after five failures in a row it rests, says why, and is tried again', async () => {
    let calls = 0
    let well = false
    const { of } = house(
      source('ill', async () => {
        calls += 1
        return well ? { kind: 'nothing', query: '' } : { kind: 'failed', why: 'status 503', query: 'q' }
      }),
    )
    for (let round = 0; round < 7; round += 1) await of()
    expect(calls).toBe(5)
    expect((await of())[0]?.answered).toMatchObject({ why: 'it rests after 5 failures in a row (last: status 503)' })
    well = true
    let answered = await of()
    for (let round = 0; round < 60 && answered[0]?.answered.kind !== 'nothing'; round += 1) {
      await sleep(200)
      answered = await of()
    }
    expect(answered[0]?.answered.kind).toBe('nothing')
  })

  test('a failing source does not make another one rest', async () => {
    const { of } = house(
      source('ill', async () => ({ kind: 'failed', why: 'down', query: '' })),
      source('well', found),
    )
    for (let round = 0; round < 8; round += 1) {
      const asked = await of()
      expect(asked[1]?.answered.kind).toBe('found')
    }
  })
})
