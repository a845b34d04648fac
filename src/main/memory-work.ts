import type { MemoryWork } from '../http/front.ts'
import type { House } from '../playbooks/house.ts'
import {
  addExpectation,
  letDecide,
  previewExpectation,
  renewExpectation,
  retireExpectation,
} from '../playbooks/memory/expectations.ts'
import { takeNoteAway, writeNote } from '../playbooks/memory/notes.ts'
import { sayOfTuning } from '../playbooks/memory/tuning.ts'

/** Hands the memory to the front. */
export function memoryWork(house: House): MemoryWork {
  return {
    preview: (draft) => previewExpectation(house, draft),
    add: (adding) => addExpectation(house, adding),
    retire: (on) => retireExpectation(house, on),
    renew: (on) => renewExpectation(house, on),
    letDecide: (on) => letDecide(house, on),
    writeNote: (writing) => writeNote(house, writing),
    removeNote: (taking) => takeNoteAway(house, taking),
    sayOfTuning: (said) => sayOfTuning(house, said),
  }
}
