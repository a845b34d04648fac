import type { Envelope } from '../kit/seal.ts'
import type { Db } from './open.ts'

/** Puts the data key of every connector's secret where `rewrap` says; how many there were. The secrets are not touched. */
export async function rewrapSecrets(
  tx: Db,
  rewrap: (envelope: Envelope, connector: string, field: string) => Envelope,
): Promise<number> {
  const rows = await tx.selectFrom('connector_secret').selectAll().forUpdate().execute()
  for (const row of rows) {
    const turned = rewrap({ keyId: row.key_id, wrapped: row.wrapped, sealed: row.sealed }, row.connector, row.field)
    await tx
      .updateTable('connector_secret')
      .set({ key_id: turned.keyId, wrapped: Buffer.from(turned.wrapped) })
      .where('connector', '=', row.connector)
      .where('field', '=', row.field)
      .execute()
  }
  return rows.length
}

/** What is sealed by the key itself (second factors, secrets of webhooks, mail keys...), sealed anew; how many there were. `about` is what each was sealed for. */
export async function resealOthers(tx: Db, reseal: (sealed: Uint8Array, about: string) => Buffer): Promise<number> {
  const factors = await tx
    .selectFrom('app_user')
    .select(['id', 'totp_secret_sealed'])
    .where('totp_secret_sealed', 'is not', null)
    .forUpdate()
    .execute()
  for (const { id, totp_secret_sealed: sealed } of factors) {
    if (sealed === null) continue
    await tx
      .updateTable('app_user')
      .set({ totp_secret_sealed: reseal(sealed, `totp|${id}`) })
      .where('id', '=', id)
      .execute()
  }
  const webhooks = await tx.selectFrom('webhook_secret').select(['id', 'provider_id', 'sealed']).forUpdate().execute()
  for (const { id, provider_id: provider, sealed } of webhooks)
    await tx
      .updateTable('webhook_secret')
      .set({ sealed: reseal(sealed, `webhook:${provider}`) })
      .where('id', '=', id)
      .execute()
  const systems = await tx
    .selectFrom('elsewhere_system')
    .select(['id', 'sealed'])
    .where('sealed', 'is not', null)
    .forUpdate()
    .execute()
  for (const { id, sealed } of systems) {
    if (sealed === null) continue
    await tx
      .updateTable('elsewhere_system')
      .set({ sealed: reseal(sealed, `elsewhere:${id}`) })
      .where('id', '=', id)
      .execute()
  }
  const hooks = await tx
    .selectFrom('elsewhere_system')
    .select(['id', 'hook_sealed'])
    .where('hook_sealed', 'is not', null)
    .forUpdate()
    .execute()
  for (const { id, hook_sealed: sealed } of hooks) {
    if (sealed === null) continue
    await tx
      .updateTable('elsewhere_system')
      .set({ hook_sealed: reseal(sealed, `elsewhere-hook:${id}`) })
      .where('id', '=', id)
      .execute()
  }
  const channels = await tx.selectFrom('chat_channel').select(['id', 'sealed']).forUpdate().execute()
  for (const { id, sealed } of channels)
    await tx
      .updateTable('chat_channel')
      .set({ sealed: reseal(sealed, `chat:${id}`) })
      .where('id', '=', id)
      .execute()
  const mailKeys = await tx.selectFrom('mail_key').select(['id', 'sealed']).forUpdate().execute()
  for (const { id, sealed } of mailKeys)
    await tx
      .updateTable('mail_key')
      .set({ sealed: reseal(sealed, `mail-key:${id}`) })
      .where('id', '=', id)
      .execute()
  return mailKeys.length + factors.length + webhooks.length + systems.length + hooks.length + channels.length
}
