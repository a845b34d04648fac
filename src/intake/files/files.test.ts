import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../kit/clock.ts'
import { sha256Hex } from '../../kit/digest.ts'
import { Trouble } from '../../kit/errors.ts'
import type { Raw } from '../../model/message.ts'
import type { FolderDoor } from './folder.ts'
import { makeFolderDoor } from './folder.ts'
import { lettersOf } from './letters.ts'
import { splitMbox } from './mbox.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'letters-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const mail = (i: number | string) => `From: soc@heron.example\nSubject: Alert ${i}\n\nHost: WS-${i}\n`
const separator = 'From soc@heron.example Mon Nov  2 09:15:00 2026\n'
const put = (name: string, content: string | Uint8Array) => {
  mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
  writeFileSync(path.join(folder, name), content)
}
async function members(text: string, chunkBytes: number, bytesMax = 1e6): Promise<(string | null)[]> {
  const bytes = Buffer.from(text)
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, (_, i) =>
    bytes.subarray(i * chunkBytes, (i + 1) * chunkBytes),
  )
  const found: (string | null)[] = []
  for await (const member of splitMbox(Readable.from(chunks), bytesMax)) found.push(member.bytes?.toString() ?? null)
  return found
}

describe('mbox', () => {
  test.each([
    ['LF', (text: string) => text],
    ['CRLF', (text: string) => text.replaceAll('\n', '\r\n')],
  ])('with %s, whatever the chunks: mails, quoting undone, empty lines that are not theirs gone', async (_, ends) => {
    const quoted =
      'From: a@b.example\n\n>From here on\n>>From twice\n a >From inside\n> From spaced\n\nFrom now on nothing\n'
    const plain =
      'From: a@b.example\n\nFrom here on\n>From twice\n a >From inside\n> From spaced\n\nFrom now on nothing\n'
    const text = ends(`${separator}${mail(1)}\n${separator}${quoted}\n${separator}${mail(3)}`)
    for (const chunkBytes of [1, 2, 3, 7, 64, 1000, 1e6]) {
      expect(await members(text, chunkBytes)).toEqual([mail(1), plain, mail(3)].map(ends))
    }
  })
  test('any mails, written as mboxrd, come back as they were', async () => {
    const line = fc.oneof(
      fc.constantFrom('', 'From me', '>From me', '>>From Mon 09:15', separator.trim(), '>', 'x', 'ü'),
      fc.string({ maxLength: 20 }).map((text) => text.replace(/[\r\n]/g, '')),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(line, { maxLength: 8 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 50 }),
        async (bodies, chunkBytes) => {
          const mails = bodies.map((body) => `Subject: x\n\n${body.join('\n')}\n`)
          const text = mails.map((one) => `${separator}${one.replace(/^(>*From )/gm, '>$1')}\n`).join('')
          expect(await members(text, chunkBytes)).toEqual(mails)
        },
      ),
      { numRuns: 300 },
    )
  })
  test('a mail beyond the limit is counted and passed over, in flat memory', async () => {
    async function* large() {
      yield Buffer.from(`${separator}${mail(1)}\n${separator}Subject: big\n\n`)
      for (let i = 0; i < 300; i++) yield Buffer.alloc(1024 * 1024, 'abcdefg\n')
      yield Buffer.from(`\n${separator}${mail(3)}`)
    }
    const before = process.memoryUsage().arrayBuffers
    const found = []
    for await (const member of splitMbox(large(), 1024 * 1024)) {
      found.push([member.number, member.bytes?.toString() ?? member.sizeBytes])
    }
    expect(found).toEqual([
      [1, mail(1)],
      [2, 300 * 1024 * 1024 + 15],
      [3, mail(3)],
    ])
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(150 * 1024 * 1024)
  })
})

describe('lettersOf', () => {
  async function names(paths = [folder]): Promise<{ found: string[]; unreadable: string[] }> {
    const found: string[] = []
    const unreadable: string[] = []
    for await (const letter of lettersOf(paths, (name, why) =>
      unreadable.push(`${path.relative(folder, name)}: ${why}`),
    ))
      found.push(`${path.relative(folder, letter.name)} ${letter.form} ${letter.bytes.length}`)
    return { found, unreadable }
  }
  test('mails of every kind, by name, and nothing else', async () => {
    const size = mail(1).length
    put('b.eml', mail(1))
    put('a/old.mbox', `${separator}${mail(1)}\n${separator}${mail(2)}`)
    put('a/Inbox', `${separator}${mail(1)}`)
    put('a/mail without extension', mail(1))
    put('maildir/cur/1700000000.M1P1.host:2,S', mail(1))
    put('maildir/new/1700000001.M1P1.host', mail(1))
    put('maildir/tmp/1700000002.M1P1.host', mail(1))
    put('maildir/.Sent/cur/1', mail(1))
    put('c.msg', Buffer.concat([Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]), Buffer.alloc(1000)]))
    put('d.msg', mail(1))
    put('e.emlx', `${size}\n${mail(1)}<?xml version="1.0"?>`)
    put('report.pdf', '%PDF')
    put('notes.txt', 'Subject: not a mail')
    put('logs.zip', 'PK')
    put(
      'legacy.doc',
      Buffer.concat([Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]), Buffer.alloc(1000)]),
    )
    expect(await names()).toEqual({
      found: [
        `a/Inbox#1 eml ${size}`,
        `a/mail without extension eml ${size}`,
        `a/old.mbox#1 eml ${size}`,
        `a/old.mbox#2 eml ${size}`,
        `b.eml eml ${size}`,
        'c.msg msg 1008',
        `d.msg eml ${size}`,
        `e.emlx eml ${size}`,
        `maildir/.Sent/cur/1 eml ${size}`,
        `maildir/cur/1700000000.M1P1.host:2,S eml ${size}`,
        `maildir/new/1700000001.M1P1.host eml ${size}`,
      ],
      unreadable: [],
    })
  })
  test('a file that is named is read whatever it is called', async () => {
    put('alert.txt', mail(1))
    expect((await names([path.join(folder, 'alert.txt')])).found).toHaveLength(1)
  })
  test('what is too large is said by name; a path that is not there is trouble', async () => {
    put('big.eml', Buffer.alloc(25 * 1024 * 1024 + 1))
    expect((await names()).unreadable).toEqual(['big.eml: it is 26 MB, larger than 25 MB'])
    await expect(names([path.join(folder, 'nowhere')])).rejects.toMatchObject({ code: 'file.unreadable' })
  })
})

describe('a watched folder', () => {
  const log = { info: () => undefined, warn: () => undefined }
  const kept: Raw[] = []
  let door: FolderDoor | null = null
  let refuse: Error | null = null
  afterEach(async () => {
    await door?.stop()
    kept.length = 0
    refuse = null
  })
  async function open(providerId: string | null = 'heron', stableMs = 100): Promise<FolderDoor> {
    door = makeFolderDoor({
      path: folder,
      providerId,
      receive: async (raw) => {
        if (refuse !== null) throw refuse
        kept.push(raw)
        return { id: sha256Hex(raw.bytes), fresh: true }
      },
      log,
      clock: systemClock,
      stableMs,
      retryMs: 50,
    })
    await door.start()
    return door
  }
  const until = (check: () => unknown) => expect.poll(check, { timeout: 8000, interval: 20 })
  const inside = (name: string) => readdirSync(path.join(folder, name)).sort()

  test('takes what is there and what comes, and puts it away after the commit', async () => {
    put('a.eml', mail(1))
    const opened = await open()
    await until(() => inside('done')).toEqual(['a.eml'])
    put('b.mbox', `${separator}${mail(2)}\n${separator}${mail(3)}`)
    await until(() => inside('done')).toEqual(['a.eml', 'b.mbox'])
    expect(kept.map((raw) => Buffer.from(raw.bytes).toString())).toEqual([mail(1), mail(2), mail(3)])
    expect(kept[2]).toMatchObject({
      channel: 'file',
      providerId: 'heron',
      origin: `file:${path.join(folder, 'b.mbox')}#2`,
    })
    expect(opened.state()).toMatchObject({ state: 'active', taken: 3, refused: 0 })
  })
  test('the same name again gets another name in done', async () => {
    await open()
    put('a.eml', mail(1))
    await until(() => inside('done')).toEqual(['a.eml'])
    put('a.eml', mail(2))
    await until(() => inside('done')).toEqual(['a-1.eml', 'a.eml'])
    expect(readFileSync(path.join(folder, 'done/a-1.eml'), 'utf8')).toBe(mail(2))
  })
  test('a file that grows is taken when it is whole', async () => {
    // Far longer than this process is ever kept from writing on.
    await open('heron', 1500)
    for (let i = 0; i < 6; i++) {
      writeFileSync(path.join(folder, 'slow.eml'), mail(1).slice(0, 10 * (i + 1)))
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    writeFileSync(path.join(folder, 'slow.eml'), mail(1))
    await until(() => inside('done')).toEqual(['slow.eml'])
    expect(kept.map((raw) => Buffer.from(raw.bytes).toString())).toEqual([mail(1)])
  })
  test('what is no mail, empty or too large is refused with a reason beside it', async () => {
    await open()
    put('empty.eml', '')
    put('big.eml', Buffer.alloc(25 * 1024 * 1024 + 1))
    put('.hidden.eml', mail(1))
    put('half.eml.part', mail(1))
    await until(() => inside('refused')).toEqual(['big.eml', 'big.eml.why', 'empty.eml', 'empty.eml.why'])
    expect(readFileSync(path.join(folder, 'refused/big.eml.why'), 'utf8')).toBe(
      'big.eml: it is 26 MB, larger than 25 MB\n',
    )
    expect(kept).toEqual([])
  })
  test('while nothing can be kept the file stays, it is said, and it is taken later', async () => {
    refuse = new Trouble('disk.full')
    const opened = await open()
    put('a.eml', mail(1))
    await until(() => opened.state().state).toBe('failing')
    expect(opened.state().says).toMatch(/disk is full/)
    expect(inside('done')).toEqual([])
    refuse = null
    await until(() => inside('done')).toEqual(['a.eml'])
    expect(opened.state().state).toBe('active')
  })
  test('a folder that cannot be made is trouble at once', async () => {
    put('file', 'x')
    const blocked = makeFolderDoor({
      path: path.join(folder, 'file'),
      providerId: null,
      receive: () => Promise.reject(new Error('never')),
      log,
      clock: systemClock,
    })
    await expect(blocked.start()).rejects.toMatchObject({ code: 'file.unreadable' })
  })
})
