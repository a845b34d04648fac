import { describe, expect, test } from 'vitest'
import { readTlp, strictest } from '../../model/intelligence.ts'
import { jsonElements } from './json-elements.ts'
import { openIntelligence } from './read.ts'
import { readWarningList } from './warning-list.ts'

/** In pieces of a few bytes, so that every state is met at the end of a piece. */
async function* piecesOf(text: string, bytes = 7): AsyncGenerator<Uint8Array> {
  const all = Buffer.from(text)
  for (let at = 0; at < all.length; at += bytes) yield all.subarray(at, at + bytes)
}

async function readAll(text: string, column: string | null = null) {
  const { form, reads } = await openIntelligence(piecesOf(text), column)
  const indicators = []
  const skipped = []
  const others = []
  for await (const read of reads) {
    if (read.kind === 'indicator') indicators.push(read.indicator)
    else if (read.kind === 'skipped') skipped.push(`${read.where}: ${read.why}`)
    else others.push(read)
  }
  return { form, indicators, skipped, others }
}
const valuesOf = async (text: string) => (await readAll(text)).indicators.map(({ type, value }) => `${type} ${value}`)

describe('traffic lights', () => {
  test('are read as people write them; WHITE of 1.0 is CLEAR; what is none is none', () => {
    expect(
      [
        'TLP:RED',
        'tlp:amber',
        'TLP:AMBER+STRICT',
        'tlp: amber strict',
        'amber+strict',
        'TLP:WHITE',
        'clear',
        'TLP:GREEN',
      ].map(readTlp),
    ).toEqual(['RED', 'AMBER', 'AMBER+STRICT', 'AMBER+STRICT', 'AMBER+STRICT', 'CLEAR', 'CLEAR', 'GREEN'])
    expect(['TLP:PURPLE', '', 'tlp:ex:chr', 'redacted'].map(readTlp)).toEqual([null, null, null, null])
    expect(strictest(['GREEN', null, 'RED', 'AMBER'])).toBe('RED')
    expect(strictest([null])).toBeNull()
  })
})

describe('lists', () => {
  test('one a line, defanged or not, hosts files, networks, comments', async () => {
    const list = await readAll(
      '# feed\n203.0.113[.]9\nhxxps://Evil[.]example/a?b=1#x # May\n0.0.0.0 ads.evil.example\n127.0.0.1 localhost\n198.51.100.0/24 ; SBL1\n' +
        `${'A'.repeat(64)}\nbad@evil.example\nBÜCHER.example\n2001:DB8::1\n\n;-\n`,
    )
    expect(list.form).toBe('list')
    expect(list.indicators.map(({ type, value }) => `${type} ${value}`)).toEqual([
      'ipv4 203.0.113.9',
      'url https://evil.example/a?b=1',
      'domain ads.evil.example',
      'cidr 198.51.100.0/24',
      `sha256 ${'a'.repeat(64)}`,
      'email bad@evil.example',
      'domain xn--bcher-kva.example',
      'ipv6 2001:db8::1',
    ])
    expect(list.skipped).toEqual([])
  })

  test('CSV with what its other columns say', async () => {
    const csv =
      '# "id","dateadded","url","threat","tags","tlp","confidence","malware"\n"1","2026-11-01 10:00:00","http://evil.example/x","malware_download","a,b","amber","40","Emotet"\n'
    const { indicators } = await readAll(csv)
    expect(indicators).toMatchObject([
      {
        ...{
          type: 'url',
          value: 'http://evil.example/x',
          tlp: 'AMBER',
          confidence: 40,
          tags: ['a', 'b'],
          says: 'malware_download',
        },
        ...{ firstSeen: '2026-11-01T10:00:00.000Z', threats: [{ kind: 'malware', name: 'Emotet' }] },
      },
    ])
    await expect(readAll('a,b\n1,2\n', 'c')).rejects.toThrow('input.invalid')
  })

  test('what would match everything, or another machine in every network, is named and not taken', async () => {
    const { indicators, skipped } = await readAll(
      '0.0.0.0/0\n10.0.0.1\n192.168.0.0/16\n127.0.0.1\ncom\nco.uk\ngithub.io\nhttp://localhost/x\n::/0\nd41d8cd98f00b204e9800998ecf8427e\n169.254.169.254\n',
    )
    expect(indicators).toEqual([])
    expect(skipped).toHaveLength(11)
  })
})

const marked = 'marking-definition--00000000-0000-4000-8000-000000000001'
const bundle = {
  type: 'bundle',
  id: 'bundle--1',
  objects: [
    {
      ...{
        type: 'indicator',
        id: 'indicator--1',
        spec_version: '2.1',
        pattern_type: 'stix',
        name: 'C2 "of" \\ Emotet }{][',
        confidence: 80,
      },
      ...{
        created: '2026-11-01T00:00:00Z',
        modified: '2026-11-02T00:00:00Z',
        valid_from: '2026-11-01T00:00:00Z',
        valid_until: '2027-01-01T00:00:00Z',
      },
      ...{
        indicator_types: ['malicious-activity'],
        object_marking_refs: ['marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1', marked],
      },
      pattern:
        "[ipv4-addr:value = '203.0.113.9' OR domain-name:value IN ('evil.example', 'BAD.example')] OR [ipv4-addr:value ISSUBSET '198.51.100.0/24']",
    },
    {
      type: 'relationship',
      id: 'relationship--1',
      relationship_type: 'indicates',
      source_ref: 'indicator--1',
      target_ref: 'malware--1',
    },
    { type: 'malware', id: 'malware--1', name: 'Emotet', is_family: true },
    {
      type: 'attack-pattern',
      id: 'attack-pattern--1',
      name: 'Phishing',
      external_references: [{ source_name: 'mitre-attack', external_id: 'T1566' }],
    },
    { type: 'marking-definition', id: marked, definition_type: 'tlp', definition: { tlp: 'amber' } },
    {
      type: 'marking-definition',
      id: 'marking-definition--9',
      definition_type: 'statement',
      definition: { statement: 'Copyright' },
    },
    {
      type: 'indicator',
      id: 'indicator--2',
      pattern: "[ipv4-addr:value = '203.0.113.1' AND network-traffic:dst_port = 443]",
    },
    { type: 'indicator', id: 'indicator--3', pattern_type: 'yara', pattern: 'rule x { condition: true }' },
    {
      type: 'indicator',
      id: 'indicator--4',
      pattern: "[file:name = 'x.exe' AND file:hashes.'SHA-256' = '" + 'c'.repeat(64) + "']",
    },
    { type: 'indicator', id: 'indicator--5', revoked: true },
    { type: 'indicator', id: 'indicator--6', pattern: '[broken' },
  ],
}

describe('STIX 2.1', () => {
  test('patterns of the kind "any of these", with all that is told of them; what is more is named', async () => {
    const { form, indicators, skipped, others } = await readAll(JSON.stringify(bundle, null, 1))
    expect(form).toBe('stix')
    expect(indicators.map(({ type, value, ref }) => `${ref} ${type} ${value}`)).toEqual([
      'indicator--1 ipv4 203.0.113.9',
      'indicator--1 domain evil.example',
      'indicator--1 domain bad.example',
      'indicator--1 cidr 198.51.100.0/24',
      `indicator--4 sha256 ${'c'.repeat(64)}`,
    ])
    expect(indicators[0]).toMatchObject({
      ...{ tlp: 'RED', markings: [marked], confidence: 80, says: 'C2 "of" \\ Emotet }{][', stance: 'malicious' },
      ...{
        validFrom: '2026-11-01T00:00:00.000Z',
        validUntil: '2027-01-01T00:00:00.000Z',
        modified: '2026-11-02T00:00:00.000Z',
      },
    })
    expect(skipped).toEqual([
      'indicator--2: it needs several properties together',
      'indicator--3: its pattern is written in yara, and only STIX patterns are compared',
      expect.stringContaining('indicator--6: its pattern is no STIX pattern: '),
    ])
    expect(others).toEqual([
      { kind: 'link', from: 'indicator--1', to: 'malware--1' },
      { kind: 'object', object: { ref: 'malware--1', kind: 'malware', name: 'Emotet', tlp: null } },
      { kind: 'object', object: { ref: 'attack-pattern--1', kind: 'technique', name: 'T1566', tlp: null } },
      { kind: 'object', object: { ref: marked, kind: 'marking', name: '', tlp: 'AMBER' } },
      { kind: 'object', object: { ref: 'marking-definition--9', kind: 'marking', name: '', tlp: null } },
      { kind: 'gone', ref: 'indicator--5' },
    ])
  })

  test('a bundle that was cut short is refused, however much of it was good', async () => {
    await expect(readAll(JSON.stringify(bundle).slice(0, -30))).rejects.toThrow('file.invalid')
    await expect(readAll('{"report": 1}')).rejects.toThrow('file.invalid')
  })

  test('a pattern of brackets or of a million signs costs nothing', async () => {
    for (const pattern of [
      '('.repeat(5_000),
      `[a:b = '${'\\\\'.repeat(9_000)}']`,
      `[${'a:b=1 OR '.repeat(2_000)}a:b=1]`,
      'x'.repeat(1_000_000),
    ]) {
      const { indicators, skipped } = await readAll(
        JSON.stringify({ type: 'bundle', objects: [{ type: 'indicator', id: 'indicator--x', pattern }] }),
      )
      expect(indicators).toEqual([])
      expect(skipped).toHaveLength(1)
    }
  })
})

describe('MISP', () => {
  const attribute = (type: string, value: string, more: object = {}) => ({
    type,
    value,
    to_ids: true,
    uuid: `u-${value}`,
    timestamp: '1793491200',
    ...more,
  })
  const event = {
    ...{ uuid: 'e1', info: 'Emotet wave', date: '2026-11-01', timestamp: '1793491200', Orgc: { name: 'Example CERT' } },
    Tag: [
      { name: 'tlp:green' },
      { name: 'misp-galaxy:threat-actor="Example Bear"' },
      { name: 'misp-galaxy:mitre-attack-pattern="Spearphishing Attachment - T1566.001"' },
      { name: 'misp:confidence-level="fairly-confident"' },
    ],
    Attribute: [
      attribute('ip-dst|port', '203.0.113.9|443', { Tag: [{ name: 'tlp:red' }], comment: 'first stage' }),
      attribute('domain|ip', 'evil.example|203.0.113.10'),
      attribute('domain', 'info.example', { to_ids: false }),
      attribute('url', 'http://gone.example/', { deleted: true }),
      attribute('yara', 'rule x {}'),
      attribute('md5', 'not a digest'),
    ],
    Object: [{ name: 'file', Attribute: [attribute('filename|sha256', `x.exe|${'b'.repeat(64)}`, { to_ids: '1' })] }],
  }

  test('attributes for detection with the tags of their event, the stricter light counting', async () => {
    const { form, indicators, skipped, others } = await readAll(JSON.stringify({ response: [{ Event: event }] }))
    expect(form).toBe('misp')
    expect(indicators.map(({ type, value, tlp }) => `${type} ${value} ${tlp}`)).toEqual([
      'ipv4 203.0.113.9 RED',
      'domain evil.example GREEN',
      'ipv4 203.0.113.10 GREEN',
      `sha256 ${'b'.repeat(64)} GREEN`,
    ])
    expect(indicators[0]).toMatchObject({
      ...{ confidence: 50, says: 'Example CERT: Emotet wave · first stage' },
      threats: [
        { kind: 'actor', name: 'Example Bear' },
        { kind: 'technique', name: 'T1566.001' },
      ],
    })
    expect(others).toEqual([{ kind: 'gone', ref: 'u-http://gone.example/' }])
    expect(skipped).toEqual([
      'domain info.example: MISP does not mean it for detection (to_ids)',
      'yara rule x {}: attributes of the type yara are not compared',
      'md5 not a digest: its value is no md5',
    ])
  })

  test('the same with and without its envelope', async () => {
    const wanted = await valuesOf(JSON.stringify({ Event: event }))
    expect(wanted).toHaveLength(4)
    expect(await valuesOf(JSON.stringify(event))).toEqual(wanted)
    expect(await valuesOf(JSON.stringify([{ Event: event }]))).toEqual(wanted)
  })

  test('a light that we cannot read keeps it in the house', async () => {
    const { indicators } = await readAll(
      JSON.stringify({ Event: { ...event, Tag: [{ name: 'tlp:unclear' }], Object: [] } }),
    )
    expect(indicators.map(({ tlp }) => tlp)).toEqual(['RED', 'AMBER+STRICT', 'AMBER+STRICT'])
  })
})

describe('warning lists', () => {
  const list = (type: string, entries: string[], more: object = {}) =>
    readWarningList(
      JSON.stringify({
        name: 'A list',
        description: '',
        version: 1,
        type,
        list: entries,
        matching_attributes: ['ip-dst', 'domain', 'url'],
        ...more,
      }),
    )

  test('entries are made comparable, each in its own way; what cannot be is named', () => {
    expect(list('hostname', ['.Example.com', 'a.example.']).entries).toEqual(['example.com', 'a.example'])
    expect(list('cidr', ['192.0.2.0/24', '198.51.100.7', 'x']).entries).toEqual(['192.0.2.0/24', '198.51.100.7'])
    expect(list('regex', ['/^a+$/i', '(?=look)', 'b+']).entries).toEqual(['(?i)^a+$', 'b+'])
    expect(list('regex', ['(?=look)']).refused).toMatchObject([
      { entry: '(?=look)', why: expect.stringContaining('RE2') },
    ])
    expect(list('string', ['COM']).list.types).toEqual(['ipv4', 'ipv6', 'cidr', 'domain', 'url'])
  })

  test('a list of sinkholes does not call them harmless', () => {
    expect(list('cidr', ['192.0.2.1'], { name: 'List of known sinkholes' }).list.means).toBe('known')
    expect(list('cidr', ['192.0.2.1'], { category: 'known_identifier' }).list.means).toBe('known')
    expect(list('cidr', ['192.0.2.1']).list.means).toBe('harmless')
  })
})

test('objects of a JSON text come one by one, whatever is in them', async () => {
  const text = '{"type":"objects","a":[{"b":1}],"objects":[{"x":"}]\\"{","y":[{}]}, {} ,3],"Event":{"z":"\\\\"}}'
  const found: string[] = []
  for (let bytes = 1; bytes < 9; bytes += 1) {
    found.length = 0
    for await (const { name, text: one } of jsonElements(piecesOf(text, bytes), ['objects', 'Event']))
      found.push(`${name} ${one}`)
    expect(found).toEqual(['objects {"x":"}]\\"{","y":[{}]}', 'objects {}', 'Event {"z":"\\\\"}'])
  }
})
