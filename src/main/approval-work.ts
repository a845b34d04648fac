import type { Work } from '../http/front.ts'
import { askBack, handOver, linkFor, prepareStatement, standingOf, takeSignature } from '../playbooks/approvals/sign.ts'
import type { House } from '../playbooks/house.ts'

/** What the pages of approvals can have done. */
export function approvalWork(house: House): Work['approvals'] {
  return {
    standing: (token) => standingOf(house.db, token, house.clock.now()),
    prepare: (token, said, page) => prepareStatement(house, token, said, page),
    sign: (token, assertion) => takeSignature(house, token, assertion),
    question: (token, text) => askBack(house, token, text),
    handOver: (token, to) => handOver(house, token, to),
    linkFor: (approvalId, userId) => linkFor(house, approvalId, userId),
  }
}
