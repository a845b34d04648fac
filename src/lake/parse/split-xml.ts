import { text, texts } from './sql-text.ts'
import { fieldsType, type Taken } from './taken.ts'

/** What a Windows event's System part says, by the name of its field, and the pattern whose group it is. */
const system: readonly (readonly [string, string])[] = [
  ['Provider', `<Provider[^>]* Name=['"]([^'"]*)`],
  ['EventID', '<EventID[^>]*>([0-9]+)<'],
  ['Level', '<Level>([0-9]+)<'],
  ['Task', '<Task>([0-9]+)<'],
  ['Opcode', '<Opcode>([0-9]+)<'],
  ['Keywords', '<Keywords>(0x[0-9A-Fa-f]+)<'],
  ['TimeCreated', `<TimeCreated[^>]* SystemTime=['"]([^'"]*)`],
  ['EventRecordID', '<EventRecordID>([0-9]+)<'],
  ['ExecutionProcessID', `<Execution[^>]* ProcessID=['"]([0-9]+)`],
  ['ExecutionThreadID', `<Execution[^>]* ThreadID=['"]([0-9]+)`],
  ['Channel', '<Channel>([^<]*)<'],
  ['Computer', '<Computer>([^<]*)<'],
  ['SecurityUserID', `<Security[^>]* UserID=['"]([^'"]*)`],
]

/** A Windows event as XML: System's fields, then EventData's by their Name, then the elements of UserData. */
export function splitXml(): Taken {
  const pattern = (of: string): string => text(of)
  return {
    layers: [
      [
        // The first lines hold System; looking for its parts there keeps long command lines out of thirteen searches.
        ['head', `substring(body, 1, if(position(body, '</System>') > 0, position(body, '</System>'), length(body)))`],
        ['data', `extractAllGroupsHorizontal(body, ${pattern(`<Data Name=['"]([^'"]+)['"]\\s*(?:/>|>([^<]*)<)`)})`],
        [
          'user',
          `extractAllGroupsHorizontal(substring(body, greatest(1, position(body, '<UserData'))), ${pattern('<([A-Za-z_][A-Za-z0-9_]*)>([^<]+)</')})`,
        ],
        ['unnamed', `extractAll(body, '<Data>([^<]*)</Data>')`],
      ],
      [['has_user', `position(body, '<UserData') > 0`]],
      [
        [
          'f',
          `mapFilter((k, v) -> v NOT IN ('', '-'), CAST((arrayConcat(${texts(system.map(([field]) => field))}, data[1], if(has_user, user[1], []), arrayMap(i -> concat('Data', toString(i)), arrayEnumerate(unnamed))),` +
            ` arrayMap(v -> if(position(v, '&') = 0, v, decodeXMLComponent(v)), arrayConcat([${system.map(([, of]) => `extract(head, ${pattern(of)})`).join(', ')}], data[2], if(has_user, user[2], []), unnamed))), '${fieldsType}'))`,
        ],
      ],
    ],
    field: (field) => `f[${text(field)}]`,
    fields: 'f',
  }
}
