import { configVersions, configYaml } from '../../../db/config-versions.ts'
import { Trouble } from '../../../kit/errors.ts'
import { diffConfig, runningConfig } from '../../../playbooks/config-files.ts'
import { serve } from '../../serve.ts'
import { shownDifference } from './diff.ts'

export const showConfig = serve('GET /api/config', async ({ front }) => {
  const [{ yaml, digest }, versions] = await Promise.all([runningConfig(front.db), configVersions(front.db)])
  return { yaml, digest, versions }
})

export const showConfigVersion = serve('GET /api/config/versions/:version', async ({ front, params }) => {
  const yaml = await configYaml(front.db, params.version)
  if (yaml === null) throw new Trouble('not.found')
  return { yaml, difference: shownDifference(await diffConfig(front.db, yaml)) }
})
