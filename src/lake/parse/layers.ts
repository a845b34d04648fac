import { name } from './sql-text.ts'
import type { Step } from './taken.ts'

/**
 * SELECTs one above the other, each adding columns to those below. Without them an expression would be written out wherever it is used;
 * the engine joins the layers into one pass and reads only the columns that the top wants.
 */
export const layered = (from: string, layers: readonly (readonly Step[])[]): string =>
  layers
    .filter((steps) => steps.length > 0)
    .reduce(
      (below, steps) =>
        `SELECT *, ${steps.map(([alias, sql]) => `${sql} AS ${name(alias)}`).join(',\n  ')}\nFROM (${below})`,
      from,
    )
