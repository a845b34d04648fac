import { choose, text } from './sql-text.ts'
import type { Step } from './taken.ts'

/**
 * The syslog header in SQL: RFC 5424 to the letter, RFC 5424 as many devices write it, RFC 3164 and its dialects, or none. What comes of a
 * line: `format`, `syslog_severity`, `written_time`, `host`, `app`, `pid`, `msgid`, `sd`, and `body_at`, the byte where the message begins.
 */

// RFC 5424 section 6. PRI 0..191 without leading zeros; VERSION 1..999.
const pri = '<(?:0|[1-9][0-9]?|1[0-8][0-9]|19[01])>'
const month31 = '(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])'
const month30 = '(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)'
const timestamp =
  `[0-9]{4}-(?:${month31}|${month30}|02-(?:0[1-9]|[12][0-9]))` +
  'T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,6})?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])'
const strict = `^${pri}[1-9][0-9]{0,2} (?:-|${timestamp}) [!-~]+ [!-~]+ [!-~]+ [!-~]+ (?:-|\\[)`
const sdName = '[!#-<>-\\[^-~]{1,32}'
// 6.3.3: '"', '\' and ']' stand escaped in a value, and a backslash before anything else is no escape.
const sdElement = `\\[${sdName}(?: ${sdName}="(?:[^"\\\\\\]]|\\\\["\\\\\\]])*")*\\]`

// The same fields as devices send them: version missing, "ZZ" or "+00:00Z" behind the time, no "-" for no structured data.
const isoTime =
  '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?(?: ?(?:Z{1,2}|[+-][0-9]{2}:?[0-9]{2}Z?|UTC|GMT))?'
const loose = `^ ?(?:[1-9][0-9]{0,2} )? ?(?:-|${isoTime.replace('[T ]', 'T')}) [!-~]{1,255} [^ :\\[\\]|={}%]{1,64} [^ :\\[\\]|={}]{1,128} (?:[^ :\\[\\]|={}]{1,64} (?:- |-$|\\[)|\\[)`

const months = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}'
const clock = '[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?'
const zone =
  '(?: ?(?:Z|UTC|GMT|[CEMPW]E?[SD]?T|MES?Z|CEST|EEST|WEST|BST|IST|MSK|JST|SGT|HKT|AES?D?T|[+-][0-9]{2}:?[0-9]{2}))'
/** Times of RFC 3164 and its dialects; what `instant` then reads. */
const dialect =
  `(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? +)?${months} +[0-9]{1,2}(?:,? +[0-9]{4})?,? +${clock}(?: ?[AP]M)?(?: [0-9]{4}\\b)?(?:${zone}\\b)?` +
  `|[0-9]{4} +${months} +[0-9]{1,2} +${clock}(?:${zone}\\b)?` +
  `|[0-9]{1,2} ${months} [0-9]{4} ${clock}(?:${zone}\\b)?` +
  `|${isoTime}` +
  `|[0-9]{4}/[0-9]{2}/[0-9]{2} ${clock}(?:${zone}\\b)?` +
  `|[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}:${clock}(?:${zone}\\b)?` +
  `|${clock} GMT`
/** Before the time: a version, Cisco's sequence number and host, a star or dot for a clock that is not set. */
const before = '(?:[1-9][0-9]{0,2} )?(?:[0-9]{1,10}: ?)?(?:[A-Za-z0-9_.-]{1,255}: )?(?:[0-9]{1,10}: ?)?[ :*.]{0,4}'
/** Some write facility and severity out once more behind the time. */
const said =
  '(?:(?:kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|authpriv|ftp|local[0-7])\\.(?:emerg|alert|crit|err|error|warn|warning|notice|info|debug) )?'
const timed = `^(?:${before})(?:${dialect})(?:[: ]|$)`
/** Words that stand behind a time in logs that are no syslog. */
const level =
  '(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL|trace|debug|info|warn|warning|error|Info|Error|Warning|Debug)'
/** Without PRI (a file as a daemon writes it) only what cannot be another format's own time: month first, or ISO and a host or address. */
const bareTimed =
  `^(?:(?:${months}) +[0-9]{1,2} (?:[0-9]{4} )?[0-9]{2}:` +
  `|${isoTime.replace('[T ]', 'T')} +[A-Za-z0-9_.:-]{1,255} *(?:[^ :\\[\\]|={}]{1,64}(?:\\[[0-9]{1,10}\\])?: |%|CEF:|LEEF:|[a-z]+,[a-z]+))`
const bareLevel = `^[^ ]+ +${level}\\b`

/** Nearly every line has one of two writings of the time; telling them takes a tenth of what reading any dialect does. */
const plainTime = `^(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ 0-3][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} [A-Za-z0-9]`
/** ... unless a year, a zone, or facility and severity follow. */
const notPlain = `^.{16}(?:[0-9]{4} |${zone.slice(5, -1)}[ :]|${said.slice(0, -1)})`
const plainIso =
  '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2}) [A-Za-z0-9]'

/** A sender's name or address, as distinct from a program's. */
const address = '(?:[0-9]{1,3}(?:\\.[0-9]{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})'
const dotted = '[A-Za-z0-9][A-Za-z0-9_-]*(?:\\.[A-Za-z0-9_-]+)+'
/** "sshd[17]: ", "kernel: ": a program where a host could stand; "192.0.2.1: %ASA" and "fw.example.net: CEF:" are hosts. */
// Counted repeats make RE2's automata large: 2.5 microseconds a line against 0.3, so lengths are looked at elsewhere.
const tagChars = '[^ :\\[\\]|=,{}"\';<>%]'
const tag = `${tagChars}+`
const tagFirst = `^(?:${tag}\\[[^\\] ]+\\] ?:|${tag}:)(?: |$)`
const hostColon = `^(?:(?:${address}|${dotted}) ?:|[^ :\\[]+ ?: *(?:%|CEF:|LEEF:))`
/** Without a time before it only an address or a name of three parts is a host: "fenotify-17.warning:" is a program. */
const hostColonAlone = `^(?:${address}|[A-Za-z0-9][A-Za-z0-9_-]*(?:\\.[A-Za-z0-9_-]+){2,}) ?:`
/** What is no host although it stands where one does. */
const noHost = `^(?:%|CEF:|LEEF:|\\{|\\[|<|[^ ]*[=|,"]|[0-9]+,)`

/** The longest header that is looked at: 255 + 48 + 128 + 32 characters and the time of RFC 5424, and as much again for what relays put before it. */
const headerBytesMax = 1_024

const pattern = (re: string): string => text(re)

/** RFC 5424, valid by every rule of it. Columns: v5424 (0 or 1), and the parts. */
function strictLayers(): readonly (readonly Step[])[] {
  return [
    [
      ['pri', `if(startsWith(raw, '<'), extract(substring(raw, 1, 6), '^<([0-9]{1,3})>'), '')`],
      ['candidate', `startsWith(raw, '<') AND match(raw, ${pattern(strict)})`],
    ],
    [['parts', `if(candidate, splitByChar(' ', raw, 7), CAST([], 'Array(String)'))`]],
    [['tail', `if(candidate, parts[7], '')`]],
    [
      [
        'elements',
        `if(candidate AND startsWith(tail, '['), extract(tail, ${pattern(`^((?:${sdElement})+)(?: |$)`)}), '')`,
      ],
      [
        'after_time',
        `if(candidate, length(parts[1]) + length(parts[2]) + length(parts[3]) + length(parts[4]) + length(parts[5]) + length(parts[6]) + 6, 0)`,
      ],
    ],
    [
      [
        'ids',
        `if(elements = '' OR position(elements, '][') = 0, CAST([], 'Array(String)'), extractAll(elements, ${pattern(`\\[(${sdName})(?: ${sdName}="(?:[^"\\\\\\]]|\\\\["\\\\\\]])*")*\\]`)}))`,
      ],
      ['message_at', `after_time + if(elements != '', length(elements), 1) + 1`],
    ],
    [
      [
        'v5424',
        [
          'candidate',
          `length(parts[3]) <= 255 AND length(parts[4]) <= 48 AND length(parts[5]) <= 128 AND length(parts[6]) <= 32`,
          `(elements != '' OR tail = '-' OR startsWith(tail, '- '))`,
          `(empty(ids) OR length(arrayDistinct(ids)) = length(ids))`,
          // The 29th of February is a day every fourth year, but not every hundredth, but every fourhundredth.
          `(position(parts[2], '-02-29T') != 5 OR isNotNull(parseDateTimeBestEffortOrNull(concat('2', substring(parts[2], 2, 9), 'T00:00:00Z'))) AND ` +
            `(toUInt16OrZero(substring(parts[2], 1, 4)) % 4 = 0 AND (toUInt16OrZero(substring(parts[2], 1, 4)) % 100 != 0 OR toUInt16OrZero(substring(parts[2], 1, 4)) % 400 = 0)))`,
          `isValidUTF8(tail)`,
        ].join(' AND '),
      ],
    ],
  ]
}

/** A program with its process, as far as the white space behind it: "sshd[17]: ", "kernel: ", "ucs-tool : ", "su[3] ". */
const appFirst = `^${tagChars}+(?:\\[[^\\] ]+\\] ?:?| ?:)(?: |$)`
/** 48 characters of a program and 128 of a process are the most that RFC 5424 allows. */
const tagCharsMax = 180

const noTexts = `CAST([], 'Array(String)')`

/** RFC 5424 as devices write it, for lines that the strict reading refused. Columns: loose (0 or 1), and the parts. */
function looseLayers(): readonly (readonly Step[])[] {
  return [
    [['rest_at', `if(pri = '', 1, length(pri) + 3)`]],
    [['rest', `if(v5424, '', substring(raw, rest_at, ${headerBytesMax}))`]],
    [['loose', `pri != '' AND NOT v5424 AND match(rest, ${pattern(loose)})`]],
    [['loose_lead', `if(loose, extract(rest, '^( ?(?:[1-9][0-9]{0,2} )? ?)(?:-|[0-9]{4}-)'), '')`]],
    [['lp', `if(loose, splitByChar(' ', substring(rest, length(loose_lead) + 1), 6), ${noTexts})`]],
    [
      // Some leave MSGID out and go on with the structured data.
      ['loose_msgid', `if(loose AND NOT startsWith(lp[5], '['), lp[5], '')`],
      [
        'loose_at',
        `if(loose, length(loose_lead) + length(lp[1]) + length(lp[2]) + length(lp[3]) + length(lp[4]) + 4 + if(startsWith(lp[5], '['), 0, length(lp[5]) + 1), 0)`,
      ],
    ],
    [['loose_tail', `if(loose, substring(rest, loose_at + 1), '')`]],
    [
      [
        'loose_sd',
        `if(startsWith(loose_tail, '['), extract(loose_tail, ${pattern(`^((?:${sdElement})+)(?: |$)`)}), '')`,
      ],
    ],
  ]
}

/** RFC 3164 and its dialects. Columns: timed (0 or 1), old_time, old_host, old_app, old_pid, old_at. */
function oldLayers(): readonly (readonly Step[])[] {
  const time = `^(?:${before})(${dialect})(?:[: ]|$)`
  const lead = `^((?:${before})(?:${dialect})(?:[: ]+|$)${said})`
  const again = `^(?:${dialect})[: ]+[!-~]`
  return [
    [
      [
        'plain',
        `NOT v5424 AND NOT loose AND match(rest, ${pattern(plainTime)}) AND NOT match(rest, ${pattern(notPlain)})`,
      ],
      [
        'iso',
        `pri != '' AND NOT v5424 AND NOT loose AND match(rest, ${pattern(plainIso)}) AND NOT match(rest, ${pattern(`^[^ ]+ ${said.slice(0, -1)}`)})`,
      ],
    ],
    [
      [
        'timed',
        `plain OR iso OR NOT v5424 AND NOT loose AND if(pri != '', match(rest, ${pattern(timed)}), match(rest, ${pattern(bareTimed)}) AND NOT match(rest, ${pattern(bareLevel)}))`,
      ],
    ],
    [
      [
        'lead',
        `multiIf(plain, substring(rest, 1, 16), iso, substring(rest, 1, position(rest, ' ')), timed, extract(rest, ${pattern(lead)}), pri != '' AND NOT v5424 AND NOT loose, extract(rest, '^([: ]*)'), '')`,
      ],
    ],
    [
      ['time_1', `multiIf(plain OR iso, trim(TRAILING ' ' FROM lead), timed, extract(rest, ${pattern(time)}), '')`],
      ['after_1', `if(pri != '' AND NOT v5424 AND NOT loose OR timed, substring(rest, length(lead) + 1), '')`],
    ],
    [['host_1', hostLead('after_1', 'timed')]],
    [['after_2', `substring(after_1, length(host_1) + 1)`]],
    // A relay's header stands before the sender's own: the inner one is who logged.
    [['twice', `host_1 != '' AND match(after_2, ${pattern(again)})`]],
    [
      ['lead_2', `if(twice, extract(after_2, ${pattern(`^((?:${dialect})[: ]+)`)}), '')`],
      ['time_2', `if(twice, extract(after_2, ${pattern(`^(${dialect})`)}), '')`],
    ],
    [['after_3', `if(twice, substring(after_2, length(lead_2) + 1), '')`]],
    [['host_2', `if(twice, ${hostLead('after_3', '1')}, '')`]],
    [['after', `if(twice, substring(after_3, length(host_2) + 1), after_2)`]],
    [
      [
        'app_lead',
        `if(after = '' OR NOT match(after, ${pattern(appFirst)}) OR position(after, ' ') > ${tagCharsMax} OR startsWith(after, 'CEF:') OR startsWith(after, 'LEEF:'), '', extract(after, '^[^ ]+(?: :)? *'))`,
      ],
      ['old_time', `if(twice, time_2, time_1)`],
      [
        'old_host',
        `trim(TRAILING ':' FROM trim(BOTH ' ' FROM trim(TRAILING ':' FROM trim(BOTH ' ' FROM if(host_2 != '', host_2, host_1)))))`,
      ],
      ['old_at', `length(lead) + length(host_1) + length(lead_2) + length(host_2)`],
    ],
    [
      ['old_app', `if(app_lead = '', '', extract(app_lead, '^([^\\\\[: ]+)'))`],
      ['old_pid', `if(position(app_lead, '[') = 0, '', extract(app_lead, '\\\\[([^\\\\]]+)'))`],
    ],
  ]
}

/** What of `after` is the host and the white space behind it; '' where none stands there. */
function hostLead(after: string, there: string): string {
  const named = `if(${there}, match(${after}, ${pattern(hostColon)}), match(${after}, ${pattern(hostColonAlone)}))`
  const none = `${after} = '' OR match(${after}, ${pattern(noHost)}) OR (match(${after}, ${pattern(tagFirst)}) OR NOT (${there})) AND NOT ${named}`
  return `if(${none}, '', extract(${after}, '^[!-~]+(?: +:)? +'))`
}

/** Layers over `stage` that end in the columns named above. */
export function headerLayers(): readonly (readonly Step[])[] {
  const said = (value: string): string => `if(${value} = '-', '', ${value})`
  const pick = (v5424: string, loose: string, old: string): string =>
    `multiIf(v5424, ${v5424}, loose, ${loose}, ${old})`
  return [
    ...strictLayers(),
    ...looseLayers(),
    ...oldLayers(),
    [
      [
        'format',
        choose(
          [
            ['v5424', text('rfc5424')],
            ['loose', text('rfc5424-like')],
            [`timed OR pri != ''`, text('rfc3164')],
          ],
          text('bare'),
        ),
      ],
      // A PRI beyond 191 has no facility, but its last three bits are a severity all the same.
      ['syslog_severity', `if(pri = '', toInt8(-1), toInt8(toUInt16OrZero(pri) % 8))`],
      ['written_time', pick(said('parts[2]'), said('lp[1]'), 'old_time')],
      ['host', pick(said('parts[3]'), said('lp[2]'), 'old_host')],
      ['app', pick(said('parts[4]'), said('lp[3]'), 'old_app')],
      ['pid', pick(said('parts[5]'), said('lp[4]'), 'old_pid')],
      ['msgid', pick(said('parts[6]'), said('loose_msgid'), `''`)],
      ['sd', pick('elements', 'loose_sd', `''`)],
      [
        'body_at',
        `toUInt32(least(length(raw) + 1, ${pick(
          // A space stands before the message, a byte order mark may (6.4); neither is of it.
          `message_at + 1 + if(substring(raw, message_at + 1, 3) = '\\xEF\\xBB\\xBF' AND length(raw) > message_at + 3, 3, 0)`,
          `rest_at + loose_at + multiIf(loose_sd != '', length(loose_sd) + 1, startsWith(loose_tail, '- '), 2, loose_tail = '-', 1, 0)`,
          `rest_at + old_at + length(app_lead)`,
        )}))`,
      ],
    ],
  ]
}
