import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import type { Engine } from '../../src/lake/engine/engine.ts'
import { openEngine } from '../../src/lake/engine/open-engine.ts'
import { compileRules, type EventRule } from '../../src/lake/sigma/compile.ts'
import { readRules } from '../../src/lake/sigma/read.ts'
import { type RuleWindow, runBounds, runRules } from '../../src/lake/sigma/run.ts'
import { windowSql } from '../../src/lake/sigma/window.ts'
import type { BenchResult } from './result.ts'

/**
 * Thousands of Sigma rules over millions of events: `runRules` against one query for each rule, in one run on the same events. The
 * queries of a sample of the rules are taken one by one and multiplied, because all of them would take an hour.
 * `node tools/bench/lake-sigma.ts --rows 10000000 --rules 3000 --single 60`.
 */
const rowsUsual = 1_000_000
const rulesUsual = 3_000
const singleUsual = 60
const rowsAtOnce = 50_000
const window: RuleWindow = { from: '2026-03-01T00:00:00.000Z', to: '2026-03-08T00:00:00.000Z' }

type Size = { readonly rows: number; readonly rules: number; readonly single: number }

export async function bench(size: Partial<Size> = {}): Promise<BenchResult[]> {
  const { rows = rowsUsual, rules = rulesUsual, single = singleUsual } = size
  const folder = mkdtempSync(path.join(tmpdir(), 'cf-bench-sigma-'))
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined, debug: () => undefined }
  const engine = openEngine({ folder, clickhouseUrl: null, log, memoryMaxMiB: 1024 })
  try {
    await fill(engine, rows)
    return await measure(engine, size.rules ?? rules, rows, single)
  } finally {
    await engine.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measure(engine: Engine, rules: number, rows: number, single: number): Promise<BenchResult[]> {
  const set = compileRules(ruleTexts(rules).flatMap((text, at) => readRules(text, `rule-${at}.yml`).documents))
  const compiled = set.rules.filter((rule): rule is EventRule => rule.kind === 'rule')
  const start = performance.now()
  const run = await runRules(engine, compiled, window)
  const together = performance.now() - start
  const again = performance.now()
  await runRules(engine, compiled, window)
  const warm = performance.now() - again
  // A step that shares no factor with the twenty shapes of rules, so that the sample has all of them.
  const step = Math.max(1, Math.floor(compiled.length / single / 20) * 20 + 1)
  const sample = Array.from({ length: single }, (_, at) => compiled[(at * step) % compiled.length]).filter(
    (rule) => rule !== undefined,
  )
  // The clock is for the sample; that both ways agree is asked of rules with hits as well, because most have none.
  const count = new Map(run.hits.map((hit) => [hit.rule.id, hit.count]))
  const hitting = compiled.filter(({ rule }) => count.has(rule.id)).slice(0, single / 2)
  const begun = performance.now()
  let agree = true
  for (const rule of sample) agree &&= (await singly(engine, rule)) === (count.get(rule.rule.id) ?? 0)
  const singles = performance.now() - begun
  for (const rule of hitting) agree &&= (await singly(engine, rule)) === count.get(rule.rule.id)
  const all = (singles / sample.length) * compiled.length
  const note = `${compiled.length} rules over ${rows.toLocaleString('en')} events, ${run.hits.length} with hits, ${run.candidates.toLocaleString('en')} candidates; one by one ${Math.round(singles / sample.length)} ms a rule over ${sample.length} of them; same hits: ${agree}`
  return [
    {
      name: 'lake: Sigma rules in few passes against one query each',
      value: all / together,
      unit: 'times faster',
      goal: '>= 10',
      ok: agree && all / together >= 10,
      note,
    },
    {
      name: 'lake: Sigma rules, all',
      value: together / 1000,
      unit: 's',
      goal: 'none',
      ok: true,
      note: `again ${(warm / 1000).toFixed(1)} s`,
    },
  ]
}

async function singly(engine: Engine, rule: EventRule): Promise<number> {
  const { sql, params } = windowSql(window)
  const [row] = await engine.rows<{ n: number }>(
    `SELECT count() AS n FROM events WHERE ${sql} AND (${rule.sourceSql}) AND (${rule.sql})`,
    params,
    runBounds(undefined),
  )
  return Number(row?.n ?? 0)
}

/** Programs and words that everyday command lines are made of; rules look for these, too, which is what makes them costly. */
const programs = [
  'powershell.exe',
  'cmd.exe',
  'svchost.exe',
  'rundll32.exe',
  'reg.exe',
  'wmic.exe',
  'schtasks.exe',
  'msiexec.exe',
  'conhost.exe',
  'chrome.exe',
  'teams.exe',
  'regsvr32.exe',
  'net.exe',
  'sc.exe',
  'certutil.exe',
  'bitsadmin.exe',
  'curl.exe',
  'python.exe',
  'explorer.exe',
  'notepad.exe',
]
const words = [
  '-noprofile',
  '-executionpolicy',
  'bypass',
  'http://',
  'https://',
  '/create',
  '/query',
  'add',
  'delete',
  '.ps1',
  '.dll',
  '.bat',
  'invoke-',
  'download',
  'appdata',
  'temp',
  'programdata',
  'users',
  'public',
  'system32',
  'localhost',
  'process',
  'call',
  'service',
  'start',
  'install',
  '/quiet',
  '-encodedcommand',
  'software',
  'currentversion',
]

const pick = (list: readonly string[], seed: string): string =>
  `[${list.map((word) => `'${word}'`).join(',')}][1 + cityHash64(number, ${seed}) % ${list.length}]`

/** Thirty of a hundred events are those of Windows, which most rules are about; the others are what fills a lake. */
async function fill(engine: Engine, rows: number): Promise<void> {
  for (let from = 0; from < rows; from += rowsAtOnce) {
    const count = Math.min(rowsAtOnce, rows - from)
    await engine.command(
      `INSERT INTO stored_events (time, received, source, load, line, parser, product, event_code, log_name, class_uid, url, user_agent, http_method, http_status, src_endpoint_ip, dst_endpoint_ip, fields_kept, raw)
       SELECT time, time AS received, source, 1 AS load, number AS line, parser, '' AS product, event_code, log_name, class_uid,
         if(kind = 3, link, '') AS url, if(kind = 3, 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)', '') AS user_agent, if(kind = 3, 'GET', ''), if(kind = 3, 200, 0),
         toIPv6(concat('10.1.', toString(number % 200), '.', toString(number % 250))), toIPv6(concat('192.0.2.', toString(number % 250))),
         fields, if(kind IN (0, 1, 2), toJSONString(map('Event', map('System', toJSONString(map('Channel', log_name, 'EventID', event_code)), 'EventData', toJSONString(fields)))), concat('<134>Mar 1 10:00:00 host ', arrayStringConcat(mapValues(fields), ' '))) AS raw
       FROM (
         SELECT number, toDateTime64('2026-03-01 00:00:00', 3, 'UTC') + number * ${(7 * 86_400) / rows} AS time,
           multiIf(number % 100 < 12, 0, number % 100 < 20, 1, number % 100 < 30, 2, number % 100 < 50, 3, 4) AS kind,
           ['windows', 'windows', 'windows', 'proxy', 'firewall'][kind + 1] AS source,
           ['windows-json', 'windows-json', 'windows-json', 'squid', 'fortigate'][kind + 1] AS parser,
           multiIf(kind = 0, '1', kind = 1, '13', kind = 2, '4624', '') AS event_code,
           multiIf(kind IN (0, 1), 'Microsoft-Windows-Sysmon/Operational', kind = 2, 'Security', '') AS log_name,
           [1007, 201002, 3002, 4002, 4001][kind + 1] AS class_uid,
           ${pick(programs, '1')} AS program, ${pick(programs, '2')} AS parent,
           concat('https://www-', toString(cityHash64(number, 9) % 5000), '.example.com/', ${pick(words, '3')}, '/', ${pick(words, '4')}) AS link,
           multiIf(
             kind = 0, map('Image', concat('C:\\\\Windows\\\\System32\\\\', program), 'OriginalFileName', upper(program), 'CommandLine', concat('"C:\\\\Windows\\\\System32\\\\', program, '" ', ${pick(words, '5')}, ' ', ${pick(words, '6')}, ' ', ${pick(words, '7')}, ' C:\\\\Users\\\\user', toString(number % 300), '\\\\AppData\\\\Local\\\\item-', hex(cityHash64(number))), 'ParentImage', concat('C:\\\\Program Files\\\\', parent), 'ParentCommandLine', concat(parent, ' ', ${pick(words, '8')}), 'User', concat('EXAMPLE\\\\user', toString(number % 300)), 'IntegrityLevel', 'Medium', 'CurrentDirectory', 'C:\\\\Windows\\\\System32\\\\', 'Hashes', concat('SHA256=', hex(sipHash128(number)), hex(sipHash128(number, 1))), 'ProcessGuid', toString(generateUUIDv4(number)), 'Company', 'Example Software', 'Description', 'Everyday program'),
             kind = 1, map('Image', concat('C:\\\\Windows\\\\System32\\\\', program), 'TargetObject', concat('HKLM\\\\SOFTWARE\\\\Example\\\\CurrentVersion\\\\', ${pick(words, '10')}, '\\\\', hex(cityHash64(number))), 'Details', concat('DWORD (0x0000000', toString(number % 10), ')'), 'EventType', 'SetValue'),
             kind = 2, map('TargetUserName', concat('user', toString(number % 300)), 'IpAddress', concat('10.1.0.', toString(number % 250)), 'LogonType', toString(number % 11), 'WorkstationName', concat('WKS-', toString(number % 500))),
             kind = 3, map('method', 'GET', 'url', link, 'status', '200'),
             map('srcip', concat('10.1.', toString(number % 200), '.7'), 'dstip', '192.0.2.10', 'action', 'accept', 'policyid', toString(number % 50), 'service', 'HTTPS')
           ) AS fields
         FROM numbers(${from}, ${count})
       )`,
      {},
      { timeoutMs: 600_000 },
    )
  }
}

/** Rules of the shapes and in the shares that public collections have them: a program and what it is told, mostly. */
function ruleTexts(count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => {
    const program = programs[at % programs.length] ?? ''
    const word = (step: number): string => words[(at * 7 + step * 11) % words.length] ?? ''
    const rare = (step: number): string => `marker-${(at * 31 + step * 17).toString(36)}`
    const list = (values: readonly string[]): string => values.map((value) => `\n      - '${value}'`).join('')
    const head = `title: Rule ${at}\nid: 00000000-0000-4000-8000-${String(at).padStart(12, '0')}\nlevel: medium\n`
    const kind = at % 20
    if (kind < 5)
      return `${head}logsource: { category: process_creation, product: windows }\ndetection:\n  selection_img:\n    - Image|endswith: '\\${program}'\n    - OriginalFileName: '${program.toUpperCase()}'\n  selection_cli:\n    CommandLine|contains:${list([rare(1), rare(2), `${word(1)} ${rare(3)}`, rare(4)])}\n  condition: all of selection_*\n`
    if (kind < 9)
      return `${head}logsource: { category: process_creation, product: windows }\ndetection:\n  selection:\n    Image|endswith: '\\${program}'\n    CommandLine|contains|all:${list([word(1), word(2), rare(1)])}\n  filter_main:\n    ParentImage|startswith: 'C:\\Program Files\\${rare(5)}'\n  condition: selection and not 1 of filter_*\n`
    if (kind < 11)
      return `${head}logsource: { category: process_creation, product: windows }\ndetection:\n  selection:\n    ParentImage|endswith: '\\${program}'\n    CommandLine|contains|all:${list([word(1), word(2), word(3)])}\n    Image|endswith:${list([`\\${programs[(at + 3) % programs.length]}`, `\\${programs[(at + 8) % programs.length]}`])}\n  condition: selection\n`
    if (kind < 12)
      return `${head}logsource: { category: process_creation, product: windows }\ndetection:\n  selection:\n    CommandLine|re: '${rare(1)}-[0-9]{3,5}\\s+${word(2).replaceAll(/[./-]/g, '\\$&')}'\n  condition: selection\n`
    if (kind < 15)
      return `${head}logsource: { category: registry_set, product: windows }\ndetection:\n  selection:\n    TargetObject|contains: '\\${word(1)}\\${rare(1)}'\n    Details: 'DWORD (0x00000001)'\n  condition: selection\n`
    if (kind < 16)
      return `${head}logsource: { product: windows, service: security }\ndetection:\n  selection:\n    EventID: ${4600 + (at % 200)}\n    TargetUserName|startswith: 'adm'\n    LogonType: ${at % 11}\n  condition: selection\n`
    if (kind < 18)
      return `${head}logsource: { category: file_event, product: windows }\ndetection:\n  selection:\n    TargetFilename|endswith: '\\${rare(1)}.exe'\n  condition: selection\n`
    if (kind < 19)
      return `${head}logsource: { category: proxy }\ndetection:\n  selection:\n    c-uri|contains:${list([`/${word(1)}/${rare(1)}`, rare(2)])}\n  condition: selection\n`
    return `${head}logsource: { product: linux, service: auditd }\ndetection:\n  selection:\n    type: 'EXECVE'\n    a0: '${rare(1)}'\n  condition: selection\n`
  })
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { rows: { type: 'string' }, rules: { type: 'string' }, single: { type: 'string' } },
  })
  const results = await bench({
    ...(values.rows === undefined ? {} : { rows: Number(values.rows) }),
    ...(values.rules === undefined ? {} : { rules: Number(values.rules) }),
    ...(values.single === undefined ? {} : { single: Number(values.single) }),
  })
  for (const { name, value, unit, goal, note } of results)
    process.stdout.write(`${name}: ${value.toPrecision(4)} ${unit} (goal ${goal})  ${note ?? ''}\n`)
}
