import { Command, InvalidArgumentError } from 'commander'
import { buildStage } from '../demo/play.ts'
import { answerIt, arrive, bring, decideHistory, playAlert, proveIt, seeIt, sendHistory } from '../demo/story.ts'
import { untilSignal } from './start.ts'

const examples = `
Examples:
  counterfoil demo            play it, then leave the desk open to look around (Ctrl-C ends it)
  counterfoil demo --once     play it and end

A house of its own in a temporary folder: real PostgreSQL, real SMTP both ways, real signatures, on this machine only.
The mails are made up (content/samples). Nothing is kept.`

/** Where the desk of the demo is, unless the port is taken or given. */
const portDefault = 8845

export function demoCommand(): Command {
  return new Command('demo')
    .description('Play the main job on made-up mail, for real.')
    .option('--once', 'end when the story is over (as it does where nobody watches the terminal)', false)
    .option('--port <port>', 'where the desk listens', portOf, portDefault)
    .addHelpText('after', examples)
    .action(demoAction)
}

function portOf(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new InvalidArgumentError('a port is 0 to 65535')
  return port
}

async function demoAction(flags: { once: boolean; port: number }): Promise<void> {
  const tell = (text = ''): void => void process.stdout.write(`${text}\n`)
  const began = performance.now()
  tell('1. See it: what a folder of old provider mail says')
  await seeIt(tell)
  tell('\n2. A house of its own: PostgreSQL, ledger, SMTP door, desk')
  const starting = performance.now()
  const stage = await buildStage(flags.port)
  try {
    tell(`  open after ${Math.round(performance.now() - starting)} ms`)
    const { userId, link } = await bring(stage, tell)
    tell('\n3. Six weeks of provider mail come in by SMTP')
    const next = await sendHistory(stage, tell)
    await decideHistory(stage, userId, tell)
    tell('\n4. Today: the provider asks again')
    const alertId = await playAlert(stage, next, tell)
    tell('\n5. A person decides and answers')
    const replyId = await answerIt(stage, alertId, userId, tell)
    tell("\n6. The reply in the provider's thread, as its mail server got it")
    await arrive(stage, replyId, tell)
    tell('\n7. Prove it, without the database')
    await proveIt(stage, tell)
    tell(`\nDone in ${((performance.now() - began) / 1000).toFixed(1)} s.`)
    if (!flags.once && process.stdout.isTTY) {
      tell(`\nLook around: ${link}\n(signs you in as Dev Patel, once; Ctrl-C ends the demo and removes everything)`)
      await untilSignal()
    } else {
      tell('Next: "npm start" opens a desk of your own; its first link makes the administrator.')
    }
  } finally {
    await stage.close()
  }
}
