import { sha256Hex } from '../../kit/digest.ts'
import { Trouble } from '../../kit/errors.ts'
import { notInstalled, openpgpHere } from '../../kit/openpgp.ts'
import type { Sealing } from '../../model/doors.ts'

/** How RFC 3156, section 5, calls the digests of RFC 9580, section 9.5. */
const micalgs: Readonly<Record<number, string>> = { 8: 'pgp-sha256', 9: 'pgp-sha384', 10: 'pgp-sha512' }

/** The content of a mail as PGP/MIME (RFC 3156): signed beside it, or signed and encrypted in one (its section 6.2). */
export async function pgpEntity(entity: Buffer, { sign, encryptTo }: Sealing, at: Date): Promise<Buffer> {
  const openpgp = await openpgpHere()
  if (openpgp === null) throw new Trouble('openpgp.missing', { problem: notInstalled })
  const signingKeys = await openpgp.readPrivateKey({ armoredKey: sign.privateKey })
  const message = await openpgp.createMessage({ binary: new Uint8Array(entity) })
  if (encryptTo.length > 0) {
    const encryptionKeys = await Promise.all(encryptTo.map((armoredKey) => openpgp.readKey({ armoredKey })))
    return encryptedEntity(armorOf(await openpgp.encrypt({ message, signingKeys, encryptionKeys, date: at })))
  }
  const signed = armorOf(await openpgp.sign({ message, signingKeys, detached: true, format: 'armored', date: at }))
  const { packets } = await openpgp.readSignature({ armoredSignature: signed })
  return signedEntity(entity, signed, micalgs[packets[0]?.hashAlgorithm ?? 8] ?? 'pgp-sha512')
}

/** The library's types leave open whether it is a stream; of bytes it is text. */
function armorOf(made: unknown): string {
  if (typeof made !== 'string') throw new Trouble('internal', { problem: 'OpenPGP made no armour' })
  return made
}

const lines = (armor: string): string => armor.replace(/\r?\n/g, '\r\n').trimEnd()

function signedEntity(entity: Buffer, armor: string, micalg: string): Buffer {
  const boundary = `pgp-${sha256Hex(entity).slice(0, 32)}`
  const head = `Content-Type: multipart/signed; micalg=${micalg}; protocol="application/pgp-signature";\r\n boundary="${boundary}"\r\n\r\n--${boundary}\r\n`
  const tail = `\r\n--${boundary}\r\nContent-Type: application/pgp-signature; name="signature.asc"\r\nContent-Description: OpenPGP signature\r\n\r\n${lines(armor)}\r\n--${boundary}--\r\n`
  return Buffer.concat([Buffer.from(head), entity, Buffer.from(tail)])
}

function encryptedEntity(armor: string): Buffer {
  const boundary = `pgp-${sha256Hex(armor).slice(0, 32)}`
  const parts = [
    `Content-Type: multipart/encrypted; protocol="application/pgp-encrypted";\r\n boundary="${boundary}"`,
    '',
    `--${boundary}`,
    'Content-Type: application/pgp-encrypted',
    '',
    'Version: 1',
    '',
    `--${boundary}`,
    'Content-Type: application/octet-stream; name="encrypted.asc"',
    'Content-Disposition: inline; filename="encrypted.asc"',
    '',
    lines(armor),
    `--${boundary}--`,
    '',
  ]
  return Buffer.from(parts.join('\r\n'))
}
