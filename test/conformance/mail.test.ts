import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { getMessage, insertMessage, messageBytes, updateMessage } from '../../src/db/messages.ts'
import { makeParse } from '../../src/intake/mail/parse.ts'
import { readLetter } from '../../src/intake/mail/read-letter.ts'
import { sha256Hex } from '../../src/kit/digest.ts'
import { Letter } from '../../src/model/letter.ts'
import type { Raw } from '../../src/model/message.ts'
import { freshDatabase } from '../database.ts'

// Real and malformed mail of four projects, beside the checkout and never copied into it.
const corpus = path.resolve(import.meta.dirname, '../../../shared/corpus/mail')
const here = existsSync(corpus)
if (!here) process.stderr.write('conformance of mail reading: passed over, no corpus beside the checkout\n')

const files = here
  ? readdirSync(corpus, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(?:eml|msg)$/.test(name))
      .sort()
  : []
const rawOf = (name: string, bytes: Buffer): Raw => ({
  bytes,
  form: 'mail',
  channel: 'file',
  sourceAddress: null,
  heloName: null,
  envelopeFrom: null,
  envelopeTo: [],
  providerId: null,
  origin: name,
})
const undecided = {
  state: 'read',
  stateReason: '',
  kind: null,
  providerId: null,
  authentication: null,
  reading: null,
  alertId: null,
} as const
const bytesOf = (name: string) => readFileSync(path.join(corpus, name))

type Expected = {
  readonly parts: readonly { readonly headers: readonly { readonly name: string; readonly value: unknown }[] }[]
}
type Box = { readonly name: string | null; readonly address: string | null }

/** Mailboxes of an expected From: a list, or groups of lists. */
function boxesOf(value: unknown): Box[] {
  const { Address } = value as { Address?: { List?: Box[]; Group?: { addresses: Box[] }[] } }
  return Address?.List ?? (Address?.Group ?? []).flatMap((group) => group.addresses)
}

/** From of mime4j's expected output: the decoded header field, whatever stands in angle brackets or alone. */
function fromOfXml(xml: string): string | null {
  const end = xml.indexOf('</header>')
  const field = /<field>\s*From:\s*([\s\S]*?)<\/field>/i.exec(xml.slice(0, end))?.[1]
  if (field === undefined) return null
  const text = field
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ')
    .trim()
  const address = /<([^<>]+@[^<>]+)>/.exec(text)?.[1] ?? /[^\s<>"(),;:]+@[^\s<>"(),;:]+/.exec(text)?.[0]
  return address?.replace(/\s/g, '') ?? null
}

describe.skipIf(!here)('the mail corpus', () => {
  const parse = makeParse()
  afterAll(() => parse.close())
  beforeAll(() => expect(files.length).toBeGreaterThan(100))

  test('never throws, and bytes and letter come out of the record as they went in', async () => {
    const house = await freshDatabase()
    const at = new Date('2026-11-02T09:15:00Z')
    let textParts = 0
    for (const name of files) {
      const bytes = bytesOf(name)
      const id = sha256Hex(bytes)
      const letter = await parse(bytes)
      expect(Letter.safeParse(letter).success, name).toBe(true)
      await insertMessage(house.db, id, rawOf(name, bytes), at, false)
      await updateMessage(house.db, id, { ...undecided, letter })
      expect(sha256Hex((await messageBytes(house.db, id)) ?? ''), name).toBe(id)
      expect((await getMessage(house.db, id))?.letter, name).toEqual(letter)
      textParts += letter.parts.length
    }
    await house.close()
    process.stdout.write(`mail: ${files.length} of ${files.length} read, ${textParts} text parts\n`)
  })

  test('From is right in every message that has an expected parse', () => {
    let asked = 0
    const wrong: string[] = []
    for (const name of files) {
      const json = path.join(corpus, name.replace(/\.\w+$/, '.expected.json'))
      if (!existsSync(json)) continue
      const expected = JSON.parse(readFileSync(json, 'utf8')) as Expected
      const header = expected.parts[0]?.headers.findLast((field) => field.name === 'from')
      if (header === undefined) continue
      asked++
      const [box] = boxesOf(header.value).filter((one) => one.address !== null || one.name !== null)
      const got = readLetter(bytesOf(name)).from
      // Where there is no address, what stands there is taken for one by some and for a name by others.
      const same =
        box === undefined
          ? got === null
          : box.address?.includes('@')
            ? got?.address === box.address && got.name === (box.name ?? '')
            : [got?.name, got?.address].includes(box.address ?? box.name ?? '')
      if (!same) wrong.push(`${name}: ${JSON.stringify(got)}, not ${JSON.stringify(box)}`)
    }
    process.stdout.write(
      `From (stalwart): ${asked - wrong.length} of ${asked}\n${wrong.map((line) => `  ${line}\n`).join('')}`,
    )
    expect(asked).toBeGreaterThan(20)
    expect(wrong).toEqual([])
  })

  test('From is right in every mime4j message that has one with an address', () => {
    let asked = 0
    const wrong: string[] = []
    for (const name of files.filter((file) => file.startsWith('mime4j'))) {
      const xml = path.join(corpus, name.replace(/\.msg$/, '_decoded.xml'))
      if (!existsSync(xml)) continue
      const address = fromOfXml(readFileSync(xml, 'utf8'))
      if (address === null) continue
      asked++
      const got = readLetter(bytesOf(name)).from?.address
      if (got !== address) wrong.push(`${name}: ${got}, not ${address}`)
    }
    process.stdout.write(
      `From (mime4j): ${asked - wrong.length} of ${asked}\n${wrong.map((line) => `  ${line}\n`).join('')}`,
    )
    expect(asked).toBeGreaterThan(10)
    expect(wrong).toEqual([])
  })
})
