import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { xrayOf } from '../../src/cli/xray.ts'
import { mailBytes, type SampleMail } from '../samples/mail.ts'
import { story } from '../samples/story.ts'
import type { BenchResult } from './result.ts'

const mailsMany = 10_000
const mailsFew = 2_000
const secondsMax = 60
/** Four times more mail may not hold much more memory: what is kept of a mail is a small record. */
const growthMegabytesMax = 48

/** Sample mails again and again, each time other tickets, hosts and days, in one mbox as an export makes it. */
function* mails(total: number): Generator<Buffer> {
  const pattern = story().filter((mail) => mail.bytes === undefined && mail.raw === undefined)
  for (let number = 0; number < total; number += 1) {
    const round = Math.floor(number / pattern.length)
    const mail = pattern[number % pattern.length] as SampleMail
    const text = mailBytes(mail).toString('latin1')
    const day = String(1 + (round % 28)).padStart(2, '0')
    yield Buffer.from(
      text
        .replaceAll(/(MDR-20|mdr-20)25-(\d{4})/g, `$1${String(25 + (round % 70))}-$2${round}`)
        .replaceAll(/Message-ID: </g, `Message-ID: <${round}.`)
        .replace(/, \d\d (Sep|Oct) 2025/, `, ${day} $1 20${String(10 + (round % 15))}`),
      'latin1',
    )
  }
}

async function mbox(folder: string, total: number): Promise<{ readonly file: string; readonly bytes: number }> {
  const file = path.join(folder, `${total}.mbox`)
  const pieces: Buffer[] = []
  for (const bytes of mails(total))
    pieces.push(
      Buffer.from('From soc@acme-mdr.example Mon Oct  6 10:00:00 2025\n'),
      Buffer.from(
        bytes
          .toString('latin1')
          .replaceAll('\r\n', '\n')
          .replaceAll(/^From /gm, '>From '),
        'latin1',
      ),
      Buffer.from('\n\n'),
    )
  const all = Buffer.concat(pieces)
  await writeFile(file, all)
  return { file, bytes: all.length }
}

const options = { businessHours: { timeZone: null, from: '08:00', to: '18:00' } } as const
const silent = () => ({ at: () => undefined, end: () => undefined })

function heapMegabytes(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / 1024 / 1024
}

/** One run, and the most heap that was in use while it went on (looked at four times a second, after a collection). */
async function run(
  file: string,
): Promise<{ readonly seconds: number; readonly peak: number; readonly messages: number; readonly alerts: number }> {
  let peak = heapMegabytes()
  const watch = setInterval(() => {
    peak = Math.max(peak, heapMegabytes())
  }, 1000)
  const from = performance.now()
  const { xray } = await xrayOf([file], options, silent)
  const seconds = (performance.now() - from) / 1000
  clearInterval(watch)
  return { seconds, peak: Math.max(peak, heapMegabytes()), messages: xray.messages.in, alerts: xray.alerts }
}

export async function bench(): Promise<BenchResult[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'xray-'))
  try {
    const few = await mbox(folder, mailsFew)
    const many = await mbox(folder, mailsMany)
    const short = await run(few.file)
    const long = await run(many.file)
    const counted = long.messages === mailsMany
    const growth = long.peak - short.peak
    return [
      {
        name: `X-ray: ${mailsMany.toLocaleString('en')} mails`,
        value: Math.round(long.seconds * 10) / 10,
        unit: 's',
        goal: `<= ${secondsMax}`,
        ok: counted && long.seconds <= secondsMax,
        note: `${long.messages} messages, ${long.alerts} alerts, ${(many.bytes / 1e6).toFixed(0)} MB in one mbox, two parse workers`,
      },
      {
        name: 'X-ray: heap for 10,000 mails above that for 2,000',
        value: Math.round(growth),
        unit: 'MB',
        goal: `<= ${growthMegabytesMax}`,
        ok: growth <= growthMegabytesMax,
        note: `peak after collection ${Math.round(short.peak)} and ${Math.round(long.peak)} MB`,
      },
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
