import { Trouble, wordsOf } from '../../kit/errors.ts'

/** pino fits. */
export type SyslogLog = {
  readonly info: (details: object, text: string) => void
  readonly warn: (details: object, text: string) => void
}

/** Why a port could not be opened, as something that a person can mend. */
export function cannotListen(setting: string, host: string, port: number, error: unknown): Trouble {
  return new Trouble('input.invalid', { setting, host, port, problem: wordsOf(error) }, error)
}
