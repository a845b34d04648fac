import type { ApprovalState } from '../../../src/model/approval.ts'

/** How a question for a signature stands. */
export const approvalStateWords: Record<ApprovalState, string> = {
  open: 'Waits for others',
  approved: 'Approved',
  refused: 'Refused',
  expired: 'Expired',
  void: 'Void: it changed meanwhile',
}
