import { spacedPairs } from './split-cef.ts'
import { text, texts } from './sql-text.ts'
import { fieldsType, type Taken } from './taken.ts'

const header = ['deviceVendor', 'deviceProduct', 'deviceVersion', 'eventId']

/**
 * QRadar's Log Event Extended Format. 1.0 has tabs between its pairs; 2.0 may name another delimiter in a sixth header part, as the
 * character or in hex ("x7C", "0x7C"). Senders who write spaces instead of tabs are read like CEF's extension.
 */
export function splitLeef(): Taken {
  const tab = text('\t')
  const unit = text('\u001e')
  return {
    layers: [
      [['leef', `substring(body, greatest(1, position(body, 'LEEF:')))`]],
      [['head', `splitByChar('|', leef, 7)`]],
      [['second', `startsWith(leef, 'LEEF:2')`]],
      [
        // Six parts: no delimiter is named, the sixth is the extension itself (as LEEF 1.0 has it).
        [
          'named',
          `if(second AND length(head) = 7 AND length(head[6]) <= 4 AND position(head[6], '=') <= 1, head[6], '')`,
        ],
      ],
      [
        [
          'extension',
          `if(second AND length(head) = 7 AND length(head[6]) <= 4 AND position(head[6], '=') <= 1, head[7], arrayStringConcat(arraySlice(head, 6), '|'))`,
        ],
        [
          'delimiter',
          `multiIf(named = '', ${tab}, match(named, '^0?x[0-9A-Fa-f]{1,2}$'), unhex(extract(named, 'x(.*)')), named)`,
        ],
      ],
      ...spacedPairs('extension'),
      [['spaced', `position(extension, delimiter) = 0`]],
      [
        [
          'pieces',
          `if(spaced, CAST([], 'Array(String)'), arrayFilter(p -> position(p, '=') > 0, splitByChar(${unit}, replaceAll(extension, delimiter, ${unit}))))`,
        ],
      ],
      [
        [
          'f',
          `CAST((arrayConcat(${texts(header)}, if(spaced, keys, arrayMap(p -> trim(BOTH ' ' FROM substring(p, 1, position(p, '=') - 1)), pieces))),` +
            ` arrayConcat(arrayResize(arraySlice(head, 2), ${header.length}, ''), if(spaced, written, arrayMap(p -> substring(p, position(p, '=') + 1), pieces)))), '${fieldsType}')`,
        ],
      ],
    ],
    field: (field) => `f[${text(field)}]`,
    fields: `mapFilter((k, v) -> v != '', f)`,
  }
}
