import { alertLogic } from './alert-logic/index.ts'
import { arcticWolf } from './arctic-wolf/index.ts'
import { blueVoyant } from './bluevoyant/index.ts'
import { cortexXdr } from './cortex-xdr/index.ts'
import { crowdStrike } from './crowdstrike/index.ts'
import { darktrace } from './darktrace/index.ts'
import { deepwatch } from './deepwatch/index.ts'
import { elasticSecurity } from './elastic-security/index.ts'
import { eSentire } from './esentire/index.ts'
import { expel } from './expel/index.ts'
import { fieldEffect } from './field-effect/index.ts'
import { generic } from './generic/index.ts'
import { huntress } from './huntress/index.ts'
import { ibmQradar } from './ibm-qradar/index.ts'
import { jira } from './jira/index.ts'
import { mandiant } from './mandiant/index.ts'
import { microsoftDefender } from './microsoft-defender/index.ts'
import { microsoftSentinel } from './microsoft-sentinel/index.ts'
import { orangeCyberdefense } from './orange-cyberdefense/index.ts'
import { ownDetections } from './own-detections/index.ts'
import { rapid7 } from './rapid7/index.ts'
import type { Reader } from './reader.ts'
import { redCanary } from './red-canary/index.ts'
import { reliaQuest } from './reliaquest/index.ts'
import { secureworksTaegis } from './secureworks-taegis/index.ts'
import { sentinelOne } from './sentinelone/index.ts'
import { serviceNowSir } from './servicenow-sir/index.ts'
import { sophosMdr } from './sophos-mdr/index.ts'
import { splunkEs } from './splunk-es/index.ts'
import { trendMicroMdr } from './trend-micro-mdr/index.ts'
import { trustwaveFusion } from './trustwave-fusion/index.ts'

/** All readers that come along. A new one is a folder and a line here; of two that are equally sure the first speaks. */
// biome-ignore format: one list
export const readers: readonly Reader[] = [
  redCanary, trendMicroMdr, arcticWolf, microsoftSentinel, microsoftDefender, trustwaveFusion, ownDetections,
  alertLogic, blueVoyant, cortexXdr, crowdStrike, darktrace, deepwatch, eSentire, elasticSecurity, expel, fieldEffect,
  huntress, ibmQradar, jira, mandiant, orangeCyberdefense, rapid7, reliaQuest, secureworksTaegis, sentinelOne,
  serviceNowSir, sophosMdr, splunkEs,
  generic,
]
