import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { parseRig, type ReadLine } from '../parse.ts'

const file = path.resolve(import.meta.dirname, '..', '..', '..', 'shared', 'corpus', 'logs', 'rfc5424', 'vectors.json')

const Vector = z.object({
  input_base64: z.string(),
  valid: z.boolean(),
  value: z
    .object({
      hostname: z.string().default(''),
      appname: z.string().default(''),
      procid: z.string().default(''),
      msgid: z.string().default(''),
      // Left out of vectors whose message holds quotes.
      message: z.string().optional(),
      timestamp: z.string().default(''),
      severity: z.number(),
    })
    .nullable(),
})

describe.skipIf(!existsSync(file))('RFC 5424 vectors', () => {
  const vectors = existsSync(file) ? z.array(Vector).parse(JSON.parse(readFileSync(file, 'utf8'))) : []
  const bytes = vectors.map((vector) => Buffer.from(vector.input_base64, 'base64'))
  let rig: Awaited<ReturnType<typeof parseRig>>
  let lines: readonly ReadLine[] = []
  let bodies: readonly string[] = []

  beforeAll(async () => {
    rig = await parseRig([])
    // 2003..2018 lie in the past of any receipt; one vector stands in 2018's last second at -23:59, so in 2019.
    lines = await rig.read(
      bytes.map((line) => ({ line })),
      { received: '2026-11-23 12:00:00' },
    )
    bodies = lines.map((line, at) =>
      (bytes[at] as Buffer).subarray(Number(line.header['body_at']) - 1).toString('utf8'),
    )
  }, 60_000)
  afterAll(() => rig.close())

  test('there are vectors', () => expect(vectors.length).toBeGreaterThan(50))

  test('valid is told from not valid in each', () => {
    const wrong = vectors.flatMap((vector, at) =>
      (lines[at]?.header['format'] === 'rfc5424') === vector.valid
        ? []
        : [`${vector.valid}: ${(bytes[at] as Buffer).toString('utf8')}`],
    )
    expect(wrong).toEqual([])
  })

  test('the value of each valid one is read', () => {
    const valid = vectors.flatMap((vector, at) => (vector.value === null ? [] : [{ at, value: vector.value }]))
    expect(valid.length).toBeGreaterThan(20)
    for (const { at, value } of valid) {
      const header = lines[at]?.header ?? {}
      // A message that is nothing but a byte order mark is that mark.
      const got = {
        hostname: header['host'],
        appname: header['app'],
        procid: header['pid'],
        msgid: header['msgid'],
        severity: header['syslog_severity'],
        time: header['header_time'],
        ...(value.message === undefined ? {} : { message: bodies[at] }),
      }
      const time = value.timestamp === '' ? new Date(0) : new Date(value.timestamp)
      expect(got).toEqual({
        hostname: value.hostname,
        appname: value.appname,
        procid: value.procid,
        msgid: value.msgid,
        severity: value.severity,
        ...(value.message === undefined ? {} : { message: value.message }),
        time: time.toISOString().replace('T', ' ').replace('Z', ''),
      })
    }
  })
})
