import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AnswerRig, startAnswerRig } from '../../test/answer-rig.ts'
import { answerAll, decideAlert } from '../../test/answer-sample.ts'
import { alertBody, mail, provider, testHouse } from '../../test/house.ts'
import { getMessage } from '../db/messages.ts'
import { saveProvider } from '../db/providers.ts'
import { undo } from '../playbooks/decide.ts'
import { readMessage } from '../playbooks/read-message.ts'
import { makeReceive } from '../playbooks/receive.ts'
import { auditRecord } from './audit-record.ts'

let rig: AnswerRig
beforeAll(async () => {
  rig = await startAnswerRig()
  await saveProvider(rig.db, { ...provider, dryRun: false, replyAddress: 'soc@provider.example' }, 0, new Date())
})
afterAll(() => rig.stop())

test('each change beside the ledger is named, and only while it is there', async () => {
  const house = await testHouse({ db: rig.db } as Parameters<typeof testHouse>[0])
  const opened = async (name: string) => {
    const { id } = await makeReceive(house)(mail(name, alertBody, { 'Message-ID': `<${name}@provider.example>` }))
    await readMessage(house, id, 1)
    return (await getMessage(rig.db, id))?.alertId ?? ''
  }
  const [answered, undone] = [await opened('one'), await opened('two')]
  await decideAlert(rig.db, answered, 'false-alarm-benign', 'Planned \u0000 test')
  const replyId = await answerAll(rig.db, rig.broken(), answered)
  rig.faulty.setFault({ at: 'none' })
  await rig.runOnce(rig.broken(), replyId)
  expect((await rig.fetchReply(replyId)).state).toBe('sent')
  const decisionId = await decideAlert(rig.db, undone)
  await undo(house, { alertId: undone, decisionId, by: 'user:1' })
  expect(await auditRecord(rig.db)).toMatchObject({ ok: true, decisions: 2, replies: 1, messages: 2, problems: [] })

  const changes: [string, string, RegExp][] = [
    ['decision', "update decision set reason = 'Nothing at all' where undone_at is null", /not as it was made: reason/],
    ['decision', "update decision set outcome = 'incident', decided_by = 'user:2'", /outcome, person differ/],
    ['decision', 'update decision set undone_at = null, undone_by = null', /undoing differ/],
    ['decision', 'delete from decision where undone_at is not null', /ledger names 2 decisions, the record holds 1/],
    ['reply', "update reply set bytes = bytes || 'more'::bytea", /does not hold the bytes that were released/],
    ['reply', "update reply set recipients = '{thief@evil.test}'", /other recipients/],
    ['reply', "update reply set released_by = 'user:9'", /another person/],
    [
      'message',
      "alter table message disable trigger user; update message set bytes = 'x'",
      /does not hold the bytes that came/,
    ],
  ]
  for (const [what, change, says] of changes) {
    const tx = await rig.db.startTransaction().execute()
    for (const statement of change.split('; ')) await sql.raw(statement).execute(tx)
    const found = await auditRecord(tx)
    await tx.rollback().execute()
    expect(found, `${what}: ${change}`).toMatchObject({
      ok: false,
      problems: expect.arrayContaining([expect.stringMatching(says)]),
    })
  }
  expect((await auditRecord(rig.db)).ok).toBe(true)
})
