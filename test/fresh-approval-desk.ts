import { rm } from 'node:fs/promises'
import { afterAll } from 'vitest'
import type { Clock } from '../src/kit/clock.ts'
import { approvalPlaybook } from './approval-desk.ts'
import { type FreshDatabase, freshDatabase } from './database.ts'
import { addProvider, type Desk, startDesk } from './desk.ts'

/** A desk with that playbook, and a provider that posts to it; ended and removed after the file's tests. */
export async function approvalDesk(
  approval: string,
  clock?: Clock,
): Promise<{ readonly database: FreshDatabase; readonly desk: Desk; readonly providerKey: string }> {
  const folder = await approvalPlaybook(approval)
  afterAll(() => rm(folder, { recursive: true, force: true }))
  const database = await freshDatabase()
  afterAll(() => database.close())
  const options = { databaseUrl: database.url, config: { playbooks: [folder] } }
  const desk = await startDesk(clock === undefined ? options : { ...options, clock })
  afterAll(() => desk.stop())
  return { database, desk, providerKey: await addProvider(desk) }
}
