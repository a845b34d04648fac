// No schema stands here: the first screen takes these numbers, and would bring the schemas' library with them.

/** Alerts that one decision is about: each has its own row, ledger line, run and draft, all in one transaction of a few seconds at most. */
export const decideAtOnceMax = 200

/** Alerts that one act takes on at once: more than a person selects, few enough for one transaction. */
export const atOnceMax = 500
