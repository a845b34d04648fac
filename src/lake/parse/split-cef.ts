import { text, texts } from './sql-text.ts'
import { fieldsType, type Taken } from './taken.ts'

const unit = '\u001f'
const record = '\u001e'
const header = ['deviceVendor', 'deviceProduct', 'deviceVersion', 'signatureId', 'name', 'severity']

/** Pairs of one line that are read: the longest CEF we know has 120; what a line of 1 MiB has beyond stays in the line. */
const pairsMax = 1_000
/** Labels of one line: CEF has 6 cs, 3 cn, 4 cfp, 4 c6a, 2 flexString, 2 deviceCustomDate and their like. */
const labelsMax = 32

/** Pairs "key=value" whose values may hold spaces: each key begins after white space and ends at its "=". Both arrays as `keys` and `values`. */
export const spacedPairs = (extension: string): readonly (readonly [string, string])[][] => [
  [
    [
      'marked',
      `splitByChar(${text(record)}, replaceRegexpAll(${extension}, '(?:^|\\\\s+)([A-Za-z0-9_][A-Za-z0-9_.\\\\[\\\\]-]*)=', '${record}\\\\1${unit}'))`,
    ],
  ],
  [
    // What stands before the first key is no value of any.
    [
      'cut',
      `arrayMap(pair -> splitByChar(${text(unit)}, pair, 2), arrayFilter(pair -> position(pair, ${text(unit)}) > 0, arraySlice(marked, 1, ${pairsMax})))`,
    ],
  ],
  [
    ['keys', 'arrayMap(pair -> pair[1], cut)'],
    ['written', `arrayMap(pair -> trim(BOTH ' \\t\\r\\n' FROM pair[2]), cut)`],
  ],
]

/** Takes the escapes of an extension's values off: \= \\ \| \n \r. Without a backslash in the line there are none. */
const unescaped = (values: string): string =>
  `if(position(body, '\\\\') = 0, ${values}, arrayMap(v -> replaceAll(replaceAll(replaceAll(replaceAll(replaceAll(replaceAll(v, '\\\\\\\\', '\\0'), '\\\\=', '='), '\\\\|', '|'), '\\\\n', '\\n'), '\\\\r', '\\r'), '\\0', '\\\\'), ${values}))`

/**
 * ArcSight's Common Event Format, wherever in the message it begins: seven header parts with escaped pipes, then an extension whose
 * values may hold spaces. Custom fields (cs1, cn2, flexString1...) also stand under the label that their "...Label" gives them.
 */
export function splitCef(): Taken {
  const part = '(?:[^|\\\\\\\\]|\\\\\\\\.)*'
  return {
    layers: [
      [['cef', `substring(body, greatest(1, position(body, 'CEF:')))`]],
      [['head', `extract(cef, '^(?:CEF: *)?[0-9]+\\\\|(?:${part}\\\\|){6}')`]],
      [
        ['extension', `substring(cef, length(head) + 1)`],
        [
          'parts',
          `arrayMap(p -> trim(BOTH ' ' FROM replaceAll(replaceAll(replaceAll(p, '\\\\|', '|'), '\\\\\\\\', '\\\\'), '${unit}', '|')), splitByChar('|', replaceAll(head, '\\\\|', '${unit}')))`,
        ],
      ],
      ...spacedPairs('extension'),
      [['values', unescaped('written')]],
      // A lambda copies what it reads from outside for each element, so only the few labels look into all pairs (a line of 260,000 pairs
      // asked for 24 GB otherwise).
      [
        [
          'labels',
          `arraySlice(arrayFilter((k, v) -> endsWith(k, 'Label') AND v != '', keys, values), 1, ${labelsMax})`,
        ],
      ],
      [
        ['labelled', `arrayMap(k -> values[indexOf(keys, substring(k, 1, length(k) - 5))], labels)`],
        ['label_names', `arrayMap(k -> values[indexOf(keys, k)], labels)`],
      ],
      [
        [
          'f',
          `CAST((arrayConcat(${texts(header)}, keys, label_names), arrayConcat(arrayResize(arraySlice(parts, 2), ${header.length}, ''), values, labelled)), '${fieldsType}')`,
        ],
      ],
    ],
    field: (field) => `f[${text(field)}]`,
    fields: `mapFilter((k, v) -> v != '', f)`,
  }
}
