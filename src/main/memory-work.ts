import type { MemoryWork } from '../http/front.ts'
import { troubles } from '../kit/errors.ts'
import type { Lake } from '../lake/open.ts'
import type { Placeholders } from '../lake/sigma/modifiers.ts'
import { problemOfFilter, tryFilter } from '../lake/sigma/try-filter.ts'
import type { House } from '../playbooks/house.ts'
import {
  addExpectation,
  changeCondition,
  letDecide,
  previewAgain,
  previewExpectation,
  renewExpectation,
  retireExpectation,
} from '../playbooks/memory/expectations.ts'
import { takeNoteAway, writeNote } from '../playbooks/memory/notes.ts'
import { sayOfTuning } from '../playbooks/memory/tuning.ts'
import { type ChangeDesk, proposeChange, tryChange } from '../playbooks/memory/tuning-change.ts'

/** Hands the memory to the front. */
export function memoryWork(
  house: House,
  parts: Pick<ChangeDesk, 'draft' | 'saveText'> & {
    readonly lake: Pick<Lake, 'engine' | 'hasBegun'> | null
    readonly placeholders: Placeholders
  },
): MemoryWork {
  const { lake, placeholders, draft, saveText } = parts
  const changing: ChangeDesk = {
    ...{ db: house.db, clock: house.clock, draftReply: house.draftReply, draft, saveText, problemOfFilter },
    tryFilter: async (text, window) =>
      lake === null
        ? { kind: 'could-not-look', why: troubles['lake.unreachable'].says }
        : lake.hasBegun()
          ? tryFilter(lake.engine, text, window, { placeholders })
          : { kind: 'could-not-look', why: 'No logs are collected here.' },
  }
  return {
    preview: (draft) => previewExpectation(house, draft),
    add: (adding) => addExpectation(house, adding),
    retire: (on) => retireExpectation(house, on),
    renew: (on) => renewExpectation(house, on),
    previewAgain: (id) => previewAgain(house, id),
    changeCondition: (on) => changeCondition(house, on),
    letDecide: (on) => letDecide(house, on),
    writeNote: (writing) => writeNote(house, writing),
    removeNote: (taking) => takeNoteAway(house, taking),
    sayOfTuning: (said) => sayOfTuning(house, said),
    tryChange: (id, change) => tryChange(changing, id, change),
    proposeChange: (proposing) => proposeChange(changing, proposing),
  }
}
