import process from 'node:process'
import fc from 'fast-check'

/**
 * Properties draw the same input in each run of the tests, so that what turns red is what was changed. `npm run fuzz` draws other input, by
 * the number that it says.
 */
fc.configureGlobal({ seed: Number(process.env['COUNTERFOIL_SEED'] ?? 1) })
