import { text, texts } from './sql-text.ts'
import { fieldsType, type Taken } from './taken.ts'

const unit = '\u001f'
const record = '\u001e'
const header = ['deviceVendor', 'deviceProduct', 'deviceVersion', 'signatureId', 'name', 'severity']

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
      `arrayMap(pair -> splitByChar(${text(unit)}, pair, 2), arrayFilter(pair -> position(pair, ${text(unit)}) > 0, marked))`,
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
      [
        [
          'labels',
          `arrayFilter(k -> endsWith(k, 'Label') AND values[indexOf(keys, k)] != '' AND has(keys, substring(k, 1, length(k) - 5)), keys)`,
        ],
      ],
      [
        [
          'f',
          `CAST((arrayConcat(${texts(header)}, keys, arrayMap(k -> values[indexOf(keys, k)], labels)),` +
            ` arrayConcat(arrayResize(arraySlice(parts, 2), ${header.length}, ''), values, arrayMap(k -> values[indexOf(keys, substring(k, 1, length(k) - 5))], labels))), '${fieldsType}')`,
        ],
      ],
    ],
    field: (field) => `f[${text(field)}]`,
    fields: `mapFilter((k, v) -> v != '', f)`,
  }
}
