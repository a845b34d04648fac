import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseRig } from '../../../test/parse.ts'
import { loadLogParsers, loadSignatures } from './parser-files.ts'

let rig: Awaited<ReturnType<typeof parseRig>>
beforeAll(async () => {
  rig = await parseRig(await loadLogParsers(), await loadSignatures())
}, 60_000)
afterAll(() => rig.close())

/** A process event of Sysmon; `command` is the JSON text of its command line. */
function started(command: string): string {
  return `{"winlog":{"channel":"Microsoft-Windows-Sysmon/Operational","event_id":"1","provider_name":"Microsoft-Windows-Sysmon","computer_name":"pc1.example","event_data":{"Image":"C:\\\\Windows\\\\a.exe","CommandLine":"${command}","User":"CORP\\\\a"}}}`
}

test.for([
  ['a.exe \\ud800', 'a.exe '],
  ['a.exe \\uDC00 b \\ud83d', 'a.exe  b '],
  ['\\udc00\\ud800', ''],
  // Whole pairs, a path whose folder is called ud800..., and a backslash before an escape.
  ['a.exe \\ud83d\\ude00', 'a.exe \u{1f600}'],
  ['C:\\\\ud800beef\\\\x', 'C:\\ud800beef\\x'],
  ['C:\\\\\\ud800x', 'C:\\x'],
  ['a \\u0041', 'a A'],
])('half of a character hides no event from rules and questions: %s', async ([command, read]) => {
  const [line] = await rig.read([{ line: started(command ?? '') }])
  expect(line?.event).toMatchObject({
    class_uid: 1007,
    process_cmd_line: read,
    process_file_path: 'C:\\Windows\\a.exe',
  })
})

test('an object that was cut short on its way is a line that no parser read, and one after a prefix is read', async () => {
  const whole = started('a.exe')
  const [cut, broken, prefixed, spaced] = await rig.read(
    [whole.slice(0, -30), whole.replace('":{', '":{{'), `agent: ${whole}`, `${whole} \r`].map((line) => ({ line })),
  )
  for (const event of [cut, broken]) expect(event?.event).toMatchObject({ parser: '', class_uid: 0 })
  for (const event of [prefixed, spaced])
    expect(event?.event).toMatchObject({ parser: 'windows-json', class_uid: 1007 })
})
