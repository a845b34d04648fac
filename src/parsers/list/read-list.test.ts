import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isTrouble } from '../../kit/errors.ts'
import type { FactOf, ListNoun, RowRead } from '../../model/list.ts'
import { formOf } from './file.ts'
import type { Overrides } from './mapping.ts'
import { readList } from './read-list.ts'

async function* chunks(bytes: Uint8Array, sizeBytes = 7): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += sizeBytes) yield bytes.subarray(at, at + sizeBytes)
}

async function read<N extends ListNoun>(noun: N, file: string | Uint8Array, overrides: Overrides = {}) {
  const list = await readList(noun, chunks(typeof file === 'string' ? Buffer.from(file) : file), overrides)
  const rows: RowRead<FactOf[N]>[] = []
  for await (const row of list.rows) rows.push(row)
  return {
    ...list,
    facts: rows.flatMap((row) => ('fact' in row ? [row.fact] : [])),
    problems: rows.flatMap((row) => ('problems' in row ? row.problems : [])),
  }
}

const german = 'Rechnername;IP-Adresse;Eigentümer;Kritikalität\nzürich-01;192.0.2.1;Jörg Öztürk;sehr hoch\n'

describe('how the file is written', () => {
  const utf16 = (text: string, big: boolean) => {
    const bytes = Buffer.from(`\uFEFF${text}`, 'utf16le')
    return big ? bytes.swap16() : bytes
  }
  test.each([
    ['UTF-8', Buffer.from(german)],
    ['UTF-8 with a byte order mark', Buffer.from(`\uFEFF${german}`)],
    ['UTF-16 little endian', utf16(german, false)],
    ['UTF-16 big endian', utf16(german, true)],
    ['Latin-1, as Excel writes it', Buffer.from(german, 'latin1')],
    ['with TAB', Buffer.from(german.replaceAll(';', '\t'))],
    ['with commas and CRLF', Buffer.from(german.replaceAll(';', ',').replaceAll('\n', '\r\n'))],
    ['with the hint line of Excel', Buffer.from(`sep=;\r\n${german}`)],
  ])('%s reads the same', async (_name, bytes) => {
    const { facts, problems } = await read('assets', bytes)
    expect(problems).toEqual([])
    expect(facts).toMatchObject([
      { id: 'zürich-01', name: 'zürich-01', addresses: ['192.0.2.1'], owner: 'Jörg Öztürk', criticality: 'critical' },
    ])
  })

  test('a delimiter within quotes is none', () => {
    expect(formOf(Buffer.from('"a;b;c;d","e"\n"1;2;3;4","5"\n')).delimiter).toBe(',')
  })

  test('quotes, line breaks in cells, empty lines: the row is the one a spreadsheet shows', async () => {
    const { facts, problems } = await read(
      'assets',
      'name,role,criticality\n"a ""1""","two\nlines",high\n\n,,\nb,,none\n',
    )
    expect(facts).toMatchObject([{ name: 'a "1"', role: 'two\nlines' }])
    expect(problems).toEqual([
      { row: 5, column: 'criticality', problem: 'is none of low, medium, high, critical', value: 'none' },
    ])
  })
})

describe('columns', () => {
  test('English and German headings are guessed, several address columns are one field, the rest is told', async () => {
    const { mapping, unused } = await read(
      'assets',
      'CI Name,IPv4 Address,IPv6 Address,Owned by,Owner mail,Price\na,192.0.2.1,2001:db8::1,Ada,ada@example.com,7\n',
    )
    expect(mapping).toEqual({
      name: ['CI Name'],
      addresses: ['IPv4 Address', 'IPv6 Address'],
      owner: ['Owned by'],
      ownerEmail: ['Owner mail'],
    })
    expect(unused).toEqual(['Price'])
  })

  test('what a person says goes before the guess, and an empty list leaves a field out', async () => {
    const { mapping, facts } = await read('assets', 'Host,Nickname,Criticality\nsrv,payroll,P1\n', {
      name: ['nickname'],
      criticality: [],
    })
    expect(mapping).toMatchObject({ name: ['Nickname'], criticality: [] })
    expect(facts).toMatchObject([{ name: 'payroll', criticality: null }])
  })

  test.each([
    ['an unknown field', { colour: ['Host'] }, 'fields'],
    ['an unknown column', { name: ['Hots'] }, 'columns'],
  ])('%s is refused with what there is', async (_name, overrides, named) => {
    await expect(read('assets', 'Host\nsrv\n', overrides)).rejects.toSatisfy(
      (error) => isTrouble(error, 'input.invalid') && named in error.details,
    )
  })

  test.each([
    ['', 'empty'],
    ['\n\n', 'headings'],
    ['Price,Colour\n1,2\n', 'no column'],
  ])('a file that is no list is refused: %j', async (file, words) => {
    await expect(read('assets', file)).rejects.toSatisfy(
      (error) => isTrouble(error, 'file.invalid') && String(error.details['problem']).includes(words),
    )
  })
})

describe('rows', () => {
  test('blank is unknown, never low or no', async () => {
    const { facts } = await read('assets', 'name,criticality,exposed,owner\nsrv,,,\n')
    expect(facts).toMatchObject([{ criticality: null, exposed: null, owner: null, regulatory: [] }])
  })

  test('a bad cell refuses its row, by row, column and value; the good rows are taken', async () => {
    const long = 'x'.repeat(200)
    const { facts, problems } = await read(
      'assets',
      `name,ip,mail,exposed\ngood,192.0.2.1,a@example.com,yes\nbad,"192.0.2.999, 0x7f.1",${long},perhaps\n`,
    )
    expect(facts.map((fact) => fact.name)).toEqual(['good'])
    expect(problems.map(({ row, column, value }) => [row, column, value.length])).toEqual([
      [3, 'ip', 11],
      [3, 'ip', 6],
      [3, 'mail', 60],
      [3, 'exposed', 7],
    ])
  })

  test('bare numbers of criticality are refused: they mean opposite things', async () => {
    const { facts, problems } = await read('assets', 'name,criticality\na,1\nb,1 - critical\nc,Hoch\n')
    expect(problems).toHaveLength(1)
    expect(facts.map((fact) => fact.criticality)).toEqual(['critical', 'high'])
  })

  test('people: a name in two columns, several accounts, id from the mail address', async () => {
    const file =
      'Vorname;Nachname;E-Mail-Adresse;sAMAccountName;UPN;Abteilung\nAda;Meyer;Ada.Meyer@Example.com;CORP\\ameyer;ameyer@corp.example;Ops\n;;;;;Ops\n'
    const { facts, problems } = await read('people', file)
    expect(facts).toEqual([
      {
        id: 'ada.meyer@example.com',
        name: 'Ada Meyer',
        email: 'ada.meyer@example.com',
        accounts: ['CORP\\ameyer', 'ameyer@corp.example'],
        department: 'Ops',
        title: null,
        manager: null,
        privileged: null,
        groups: [],
        deputy: null,
      },
    ])
    expect(problems).toMatchObject([{ row: 3, column: 'name' }])
  })

  test('networks: masks in every form, host bits refused with what may be meant', async () => {
    const file =
      'Subnet,Mask,Name\n192.0.2.0/24,,a\n198.51.100.0,255.255.255.0,b\n203.0.113.0/255.255.255.128,,c\n2001:db8::/32,,d\n192.0.2.77/24,,e\n192.0.2.9,,f\n10.0.0.0-10.0.0.9,,g\n192.0.2.0/33,,h\n'
    const { facts, problems } = await read('networks', file)
    expect(facts.map((fact) => fact.cidr)).toEqual([
      '192.0.2.0/24',
      '198.51.100.0/24',
      '203.0.113.0/25',
      '2001:db8::/32',
      '192.0.2.9/32',
    ])
    expect(problems.map((one) => [one.row, one.problem])).toEqual([
      [6, 'has bits beyond its mask; 192.0.2.0/24 may be meant'],
      [8, 'is no range like 192.0.2.0/24'],
      [9, 'has no mask between 0 and 32'],
    ])
  })

  test('letters of another encoding far down refuse their row instead of spoiling it', async () => {
    const head = Buffer.from(`name,owner\n${'srv,Ada\n'.repeat(40_000)}`)
    const { facts, problems } = await read('assets', Buffer.concat([head, Buffer.from('last,J\xf6rg\n', 'latin1')]))
    expect(facts).toHaveLength(40_000)
    expect(problems).toMatchObject([{ row: 40_002, column: 'owner', problem: expect.stringContaining('encoding') }])
  })

  test('an open quote is told as what it is, and does not eat memory', async () => {
    const problem = (says: string) => ({ code: 'file.invalid', details: { problem: expect.stringContaining(says) } })
    await expect(read('assets', Buffer.from(`name\n"${'x\n'.repeat(200_000)}`))).rejects.toMatchObject(
      problem('is longer than 128 KiB'),
    )
    await expect(read('assets', Buffer.from('name,owner\nsrv,Ada\n"web,Bo'))).rejects.toMatchObject(
      problem('line 3 opens a quote that nothing closes'),
    )
  })

  test('any bytes at all: a list, or a Trouble that says what is wrong', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('assets', 'people', 'networks'),
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }),
          fc.string({ maxLength: 300 }).map((text) => Buffer.from(`name,ip,cidr,mail\n${text}`)),
        ),
        async (noun, bytes) => {
          try {
            await read(noun, bytes)
          } catch (error) {
            expect(isTrouble(error, 'file.invalid')).toBe(true)
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})
