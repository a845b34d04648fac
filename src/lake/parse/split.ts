import type { Split } from '../../model/log-parser.ts'
import { splitCef } from './split-cef.ts'
import { splitCsv } from './split-csv.ts'
import { splitJson } from './split-json.ts'
import { splitKv } from './split-kv.ts'
import { splitLeef } from './split-leef.ts'
import { splitRegex } from './split-regex.ts'
import { splitXml } from './split-xml.ts'
import type { Taken } from './taken.ts'

/** How this split takes a body apart. */
export function takenBy(split: Split): Taken {
  switch (split.kind) {
    case 'json':
      return splitJson(split)
    case 'kv':
      return splitKv(split)
    case 'csv':
      return splitCsv(split)
    case 'cef':
      return splitCef()
    case 'leef':
      return splitLeef()
    case 'xml':
      return splitXml()
    case 'regex':
      return splitRegex(split.patterns)
  }
}
