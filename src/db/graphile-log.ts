import { Logger } from 'graphile-worker'

/** graphile-worker talks on the console by default; our stdout is for data. This one keeps still. */
export const quietLogger = new Logger(() => () => undefined)
