import type { Sealing } from '../../model/doors.ts'
import { splitMail } from './headers.ts'
import { pgpEntity } from './pgp.ts'
import { smimeEntity } from './smime.ts'

/** A composed mail with its content signed and encrypted. The header stays outside: subject and thread are read on the way. */
export async function sealMail(clear: Buffer, sealing: Sealing, at: Date): Promise<Buffer> {
  const { headers, body } = splitMail(clear)
  const isContent = (name: string) => name.startsWith('content-')
  const outer = headers.filter((field) => !isContent(field.name)).map((field) => `${field.raw}\r\n`)
  const own = headers.filter((field) => isContent(field.name)).map((field) => `${field.raw}\r\n`)
  const entity = Buffer.concat([Buffer.from(`${own.join('')}\r\n`, 'latin1'), body])
  const make = sealing.method === 'smime' ? smimeEntity : pgpEntity
  return Buffer.concat([Buffer.from(outer.join(''), 'latin1'), await make(entity, sealing, at)])
}
