import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { lists } from './samples/company.ts'
import { mailBytes } from './samples/mail.ts'
import { story } from './samples/story.ts'

/** `node tools/make-samples.ts`: writes content/samples/ anew, byte for byte the same every time. */
const folder = path.resolve(import.meta.dirname, '../content/samples')
const mails = path.join(folder, 'mail')

rmSync(mails, { recursive: true, force: true })
mkdirSync(mails, { recursive: true })
for (const mail of story()) writeFileSync(path.join(mails, `${mail.file}.eml`), mail.bytes ?? mailBytes(mail))
// A download that broke off: binary rubbish where a mail should be.
writeFileSync(path.join(mails, '2025-10-31-broken.eml'), Buffer.from([0, 1, 2, 3, 250, 251, 252, 0, 9, 0, 0, 7]))
for (const [name, text] of Object.entries(lists())) writeFileSync(path.join(folder, name), text)
process.stderr.write(`wrote ${story().length + 1} mails and ${Object.keys(lists()).length} lists\n`)
