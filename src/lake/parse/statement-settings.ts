import { fieldsSettings } from './fields-again.ts'

/**
 * Settings of every statement of a load. Statements of hundreds of expressions are dear to plan, and a load of a few lines pays that
 * too: with the engine's optimisations 2.6 seconds of CPU for `recognise` and 1.0 for Windows events, without these 0.13 and 0.16.
 */
const planning = [
  'compile_expressions = 0',
  'query_plan_enable_optimizations = 0',
  'optimize_and_compare_chain = 0',
  'optimize_extract_common_expressions = 0',
  'optimize_redundant_comparisons = 0',
]

/**
 * Reading: guarded expressions are only run on the lines that need them (8 against 23 microseconds a line for recognising), and no line has
 * so many matches or pairs that a load fails. Short circuit is only good while layers are not merged: what it puts off is computed anew in
 * every branch that uses it, and in one merged layer branches stand in branches (4,000 lines took 2.8 GiB; unmerged 70,000 take 150 MB).
 */
const reading = [
  "short_circuit_function_evaluation = 'force_enable'",
  ...Object.entries(fieldsSettings).map(([setting, value]) => `${setting} = ${value}`),
  'reject_expensive_hyperscan_regexps = 0',
]

/** One thread for each: loads run beside each other, and one insert is one block, which is what its deduplication token counts. */
const threads = ['max_threads = 1', 'max_insert_threads = 1']

const oneBlock = [
  'max_block_size = 1048576',
  'preferred_block_size_bytes = 0',
  'min_insert_block_size_rows = 1048576',
  'min_insert_block_size_bytes = 0',
]

export const recogniseSettings = `SETTINGS ${[...planning, ...reading, ...threads].join(', ')}`
export const insertSettings = `SETTINGS ${[...planning, ...reading, ...threads, ...oneBlock].join(', ')}`
