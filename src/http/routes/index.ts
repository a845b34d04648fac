import type { Route } from '../serve.ts'
import { askAgain } from './alerts/ask.ts'
import { askPersonByLink } from './alerts/ask-person.ts'
import { decideAlert } from './alerts/decide.ts'
import { showMemory } from './alerts/memory.ts'
import { showAlert } from './alerts/show.ts'
import { showSimilar } from './alerts/similar.ts'
import { showTurningPoints } from './alerts/turning-points.ts'
import { undoDecision } from './alerts/undo.ts'
import { makeApiKey } from './api-keys/make.ts'
import { revokeOneApiKey } from './api-keys/revoke.ts'
import { showKey } from './api-keys/show.ts'
import { answerApprovalQuestion, openMyApproval, showApprovalsOfRun, showMyApprovals } from './approvals/list.ts'
import { saveOffices, showOffices } from './approvals/offices.ts'
import {
  askBeforeSigning,
  giveStatement,
  handApprovalOver,
  showApproval,
  takeApprovalSignature,
} from './approvals/sign.ts'
import { showAssets } from './assets/list.ts'
import { editAsset, putAsset } from './assets/save.ts'
import { showAsset } from './assets/show.ts'
import { sayAuditRemark, showAuditChain } from './audit/alert.ts'
import { downloadAuditBundle } from './audit/bundle.ts'
import { drawAuditSample, showAuditSample } from './audit/sample.ts'
import { showStamps } from './audit/stamps.ts'
import { askBacktest } from './backtests/ask.ts'
import { cancelBacktest } from './backtests/cancel.ts'
import { showBacktests } from './backtests/list.ts'
import { showBacktestRows } from './backtests/rows.ts'
import { showBacktest } from './backtests/show.ts'
import { showCalendar } from './calendar/list.ts'
import { removeCalendarEntry, saveCalendarEntry } from './calendar/save.ts'
import { listChannels, removeChannel, saveChannel, testChannel } from './chat/channels.ts'
import { applyConfigFile, rollBackConfigFile } from './config/apply.ts'
import { diffConfigFile } from './config/diff.ts'
import { showConfig, showConfigVersion } from './config/show.ts'
import { showCoverage } from './connectors/coverage.ts'
import { showConnectorKinds, showConnectors } from './connectors/list.ts'
import { removeConnector } from './connectors/remove.ts'
import { saveConnector } from './connectors/save.ts'
import { showConnector } from './connectors/show.ts'
import { testConnector, testConnectorDraft } from './connectors/test-read.ts'
import { watchConnector } from './connectors/watch.ts'
import { exportEgress } from './egress/export.ts'
import { showEgress } from './egress/list.ts'
import { mailThePack, settlePackMail, withdrawPackMail } from './egress/pack-mail.ts'
import { showElsewhere, syncElsewhere } from './elsewhere/links.ts'
import { takeSystemPost } from './elsewhere/post.ts'
import { listSystems, reconcileSystem, removeSystem, saveSystem, testSystem } from './elsewhere/systems.ts'
import { addExpectation, previewExpectation } from './expectations/add.ts'
import { changeExpectation, letExpectationDecide, renewExpectation, retireExpectation } from './expectations/change.ts'
import {
  previewExpectationAgain,
  showExpectationAlerts,
  showExpectations,
  showExpectationsDue,
} from './expectations/list.ts'
import { showRepeatRates, showRepeats } from './expectations/repeats.ts'
import { previewTuning, proposeTuningChange, sayOfTuning, showTuning, tryTuningChange } from './expectations/tuning.ts'
import { showFirstRun } from './first-run/show.ts'
import { skipFirstSteps } from './first-run/skip.ts'
import { sendFirstAlert, traceFirstAlert } from './first-run/test-alert.ts'
import { showHandovers, signTheHandover, takeTheHandover } from './handovers/handover.ts'
import { showOpenApi } from './health/openapi.ts'
import { showHealth } from './health/show.ts'
import { showLists } from './imports/list.ts'
import { previewList, takeList } from './imports/take.ts'
import { takeSigned } from './intake/signed.ts'
import { takeIntake } from './intake/take.ts'
import { lookUpObservable } from './intelligence/observable.ts'
import { showIntelligence } from './intelligence/show.ts'
import { showInvitations } from './invitations/list.ts'
import { revokeOneInvitation } from './invitations/revoke.ts'
import { exportTheLedger } from './ledger/export.ts'
import { showLedger } from './ledger/list.ts'
import { streamLive } from './live/stream.ts'
import { showContext } from './logs/context.ts'
import { showDetections } from './logs/detections.ts'
import { showFacets } from './logs/facets.ts'
import { showHistogram } from './logs/histogram.ts'
import { huntLogs } from './logs/hunt.ts'
import { newLogKey, revokeLogKey } from './logs/keys.ts'
import { downloadLine } from './logs/raw.ts'
import { saveLogSource } from './logs/save-source.ts'
import { searchLogs } from './logs/search.ts'
import { showLogSources } from './logs/sources.ts'
import { addOwnKey, retireOwnKey } from './mail-keys/own.ts'
import { showMailKeys } from './mail-keys/show.ts'
import { addTheirKey, removeTheirKey } from './mail-keys/theirs.ts'
import { removeMyAbsence, saveMyAbsence, showMyAbsence } from './me/away.ts'
import { switchCoaching } from './me/coaching.ts'
import { otherPasskeyFor, removeMyPasskey } from './me/lost-passkey.ts'
import { keepOneMorePasskey, morePasskeyOptions, ownPasskeyFor } from './me/passkey.ts'
import { showMe } from './me/show.ts'
import { downloadMessage } from './messages/raw.ts'
import { showNetworks } from './networks/list.ts'
import { removeNote, writeNote } from './notes/change.ts'
import { answerOwned } from './owned/answer.ts'
import { showOwned } from './owned/show.ts'
import { defineThePack } from './packs/define.ts'
import { draftThePack, showThePackDraft } from './packs/draft.ts'
import { fileOfPack } from './packs/file.ts'
import { listThePacks } from './packs/list.ts'
import { releaseThePack } from './packs/release.ts'
import { showPeople } from './people/list.ts'
import { editPerson, putPerson } from './people/save.ts'
import { showPerson } from './people/show.ts'
import { exportCacao } from './playbooks/cacao.ts'
import { dryRunPlaybook } from './playbooks/dry-run.ts'
import { importPlaybook } from './playbooks/import.ts'
import { showPlaybooks } from './playbooks/list.ts'
import { lookUp } from './playbooks/look-up.ts'
import { removePlaybook } from './playbooks/remove.ts'
import { showPlaybook } from './playbooks/show.ts'
import { showPortal } from './portal/list.ts'
import { downloadPortalReply } from './portal/raw.ts'
import { askAtDoor } from './portal/request.ts'
import { showPortalAlert } from './portal/show.ts'
import { savePrecedence } from './precedence/save.ts'
import { showPrecedence } from './precedence/show.ts'
import { showPresence } from './presence/list.ts'
import { sayPresence } from './presence/say.ts'
import { changeDoor, showDoor } from './providers/door.ts'
import { makeDoorKey, revokeDoorKey } from './providers/door-keys.ts'
import { newIntakeKey } from './providers/key.ts'
import { showProviders } from './providers/list.ts'
import { changeProvider } from './providers/save.ts'
import { changeWebhook } from './providers/webhook.ts'
import { shutWebhook } from './providers/webhook-off.ts'
import { newWebhookSecret } from './providers/webhook-secret.ts'
import { showQuarantine } from './quarantine/list.ts'
import { releaseMessage } from './quarantine/release.ts'
import { answerQuestion } from './questions/answer.ts'
import { showQuestion } from './questions/show.ts'
import { assignAlerts } from './queue/assign.ts'
import { decideAlerts, previewDecisions, undoDecisions } from './queue/decide.ts'
import { showQueueFacets } from './queue/facets.ts'
import { showQueueGroups } from './queue/groups.ts'
import { showQueue } from './queue/list.ts'
import { mergeAlerts } from './queue/merge.ts'
import { showAssignable } from './queue/people.ts'
import { snoozeAlerts } from './queue/snooze.ts'
import { unmergeAlerts } from './queue/unmerge.ts'
import { removeQueueView, saveQueueView, showQueueViews } from './queue/views.ts'
import { wakeAlerts } from './queue/wake.ts'
import { showReaders } from './readers/list.ts'
import { saveReader } from './readers/save.ts'
import { cancelReply } from './replies/cancel.ts'
import { draftReply } from './replies/draft.ts'
import { addReplyFile, downloadReplyFile, pickReplyFile, takeOutReplyFile } from './replies/files.ts'
import { previewReply } from './replies/preview.ts'
import { giveReleaseStatement, releaseReply, secondReply, takeReleaseSignature } from './replies/release.ts'
import { settleReply } from './replies/settle.ts'
import { showReply } from './replies/show.ts'
import { reviewSpan } from './replies/spans.ts'
import { saveReplyText } from './replies/text.ts'
import { cancelRun } from './runs/cancel.ts'
import { markItem } from './runs/mark.ts'
import { nudgeRun } from './runs/nudge.ts'
import { retryRun } from './runs/retry.ts'
import { showRun } from './runs/show.ts'
import { skipRunStep } from './runs/skip.ts'
import { startRun } from './runs/start.ts'
import { loadSampleData, removeSampleData } from './sample/load.ts'
import { searchEverything } from './search/find.ts'
import { showServiceAccounts } from './service-accounts/list.ts'
import { makeServiceAccount } from './service-accounts/make.ts'
import { showSessions } from './sessions/list.ts'
import { revokeSession } from './sessions/revoke.ts'
import { saveSettings } from './settings/save.ts'
import { showSettings } from './settings/show.ts'
import { signOut, signOutEverywhere } from './sign-in/out.ts'
import { passkeyOptions, signInWithPasskey } from './sign-in/passkey.ts'
import { signInWithPassword } from './sign-in/password.ts'
import { signInState } from './sign-in/state.ts'
import { showSources } from './sources/list.ts'
import { watchSource } from './sources/watch.ts'
import { signInBySso, tieSso } from './sso/begin.ts'
import { endOfSso } from './sso/callback.ts'
import { closeOneSuggestion } from './suggestions/close.ts'
import { showSuggestions } from './suggestions/list.ts'
import { makeSuggestion } from './suggestions/make.ts'
import { teachReader } from './teach/derive.ts'
import { showTeaching } from './teach/show.ts'
import { testReader } from './teach/test.ts'
import { saveTicketing } from './ticketing/save.ts'
import { showTicketing } from './ticketing/show.ts'
import { commentOnTicket } from './tickets/comment.ts'
import { addTicketFile, downloadTicketFile } from './tickets/files.ts'
import { showTickets } from './tickets/list.ts'
import { referTicket } from './tickets/references.ts'
import { showTicket } from './tickets/show.ts'
import { moveTicket } from './tickets/state.ts'
import { addTicketTask, editTicketTask } from './tickets/tasks.ts'
import { changeTicketType } from './tickets/type.ts'
import { changeOneUser } from './users/change.ts'
import { inviteUser } from './users/invite.ts'
import { showUsers } from './users/list.ts'
import { makePasskeyLink, removePasskeyOfUser, showPasskeysOfUser } from './users/passkeys.ts'
import { showCve } from './vulnerabilities/cve.ts'
import { showVulnerabilities } from './vulnerabilities/list.ts'
import { showMachineVulnerabilities } from './vulnerabilities/machine.ts'
import { showVulnerabilitySources } from './vulnerabilities/sources.ts'
import { sayAboutCve, withdrawAboutCve } from './vulnerabilities/word.ts'
import { newCode } from './welcome/code.ts'
import { enterByLink } from './welcome/enter.ts'
import { lookAtLink } from './welcome/look.ts'
import { welcomePasskeyOptions, welcomeWithPasskey } from './welcome/passkey.ts'
import { welcomeWithPassword } from './welcome/password.ts'
import { runXray } from './xray/run.ts'

/** Every route, by name; nothing is found by scanning a folder. */
export const routes: readonly Route[] = [
  signInState, signInWithPassword, passkeyOptions, signInWithPasskey, signOut, signOutEverywhere, signInBySso, endOfSso, tieSso,
  lookAtLink, enterByLink, newCode, welcomeWithPassword, welcomePasskeyOptions, welcomeWithPasskey,
  showMe, switchCoaching, showTurningPoints, morePasskeyOptions, ownPasskeyFor, keepOneMorePasskey, otherPasskeyFor, removeMyPasskey, showSessions, revokeSession, showUsers, inviteUser, changeOneUser, showPasskeysOfUser, removePasskeyOfUser, makePasskeyLink,
  showPortal, showPortalAlert, downloadPortalReply, showOwned, answerOwned,
  showSuggestions, makeSuggestion, closeOneSuggestion,
  showServiceAccounts, makeServiceAccount, makeApiKey, revokeOneApiKey, showKey,
  showIntelligence,
  lookUpObservable,
  showInvitations, revokeOneInvitation,
  showQueue, showQueueFacets, showQueueGroups, showQueueViews, saveQueueView, removeQueueView, showAssignable, previewDecisions, decideAlerts, undoDecisions, assignAlerts, snoozeAlerts, wakeAlerts, mergeAlerts, unmergeAlerts,
  showPresence, sayPresence,
  showAlert, showSimilar, decideAlert, undoDecision, askAgain, askPersonByLink, downloadMessage, showQuarantine, releaseMessage, showRun,
  showTickets, showTicket, moveTicket, changeTicketType, commentOnTicket, addTicketTask, editTicketTask, referTicket, addTicketFile, downloadTicketFile,
  askAtDoor, showDoor, changeDoor, makeDoorKey, revokeDoorKey,
  showElsewhere, syncElsewhere, listSystems, saveSystem, removeSystem, testSystem, reconcileSystem, takeSystemPost,
  listChannels, saveChannel, removeChannel, testChannel,
  showTicketing, saveTicketing, showOffices, saveOffices,
  draftReply, showReply, previewReply, saveReplyText, reviewSpan, releaseReply, secondReply, giveReleaseStatement, takeReleaseSignature, cancelReply, settleReply, addReplyFile, pickReplyFile, takeOutReplyFile, downloadReplyFile,
  showMailKeys, addOwnKey, retireOwnKey, addTheirKey, removeTheirKey,
  showProviders, changeProvider, newIntakeKey, changeWebhook, newWebhookSecret, shutWebhook, takeSigned, showSettings, saveSettings, showLists, previewList, takeList,
  showAssets, showAsset, putAsset, editAsset, showPeople, showPerson, putPerson, editPerson, showNetworks, showPrecedence, savePrecedence,
  showCalendar, saveCalendarEntry, removeCalendarEntry,
  showReaders, saveReader, showTeaching, teachReader, testReader,
  showConnectors, showCoverage, showConnectorKinds, showConnector, saveConnector, removeConnector, testConnector, testConnectorDraft, watchConnector, showSources, watchSource,
  showConfig, showConfigVersion, diffConfigFile, applyConfigFile, rollBackConfigFile,
  showVulnerabilities, showVulnerabilitySources, showCve, showMachineVulnerabilities, sayAboutCve, withdrawAboutCve,
  searchLogs, showHistogram, showFacets, showContext, downloadLine, huntLogs, showDetections, showLogSources, saveLogSource, newLogKey,
  revokeLogKey,
  showPlaybooks, showPlaybook, importPlaybook, removePlaybook, exportCacao, lookUp, dryRunPlaybook, startRun, cancelRun, retryRun, skipRunStep, nudgeRun, markItem,
  listThePacks, defineThePack, draftThePack, showThePackDraft, releaseThePack, fileOfPack, mailThePack, withdrawPackMail, settlePackMail, showEgress, exportEgress,
  showBacktests, askBacktest, showBacktest, showBacktestRows, cancelBacktest,
  showMemory, showExpectations, showExpectationAlerts, showExpectationsDue, previewExpectationAgain, changeExpectation, previewExpectation, addExpectation, retireExpectation, renewExpectation, letExpectationDecide, showRepeatRates, showRepeats, showTuning, sayOfTuning, previewTuning, tryTuningChange, proposeTuningChange, writeNote, removeNote,
  searchEverything,
  showHandovers, signTheHandover, takeTheHandover,
  showAuditSample, showStamps, drawAuditSample, downloadAuditBundle, showAuditChain, sayAuditRemark,
  showFirstRun, skipFirstSteps, sendFirstAlert, traceFirstAlert, loadSampleData, removeSampleData,
  runXray, showLedger, exportTheLedger, showQuestion, showMyApprovals, answerApprovalQuestion, showMyAbsence, saveMyAbsence, removeMyAbsence,
  showApprovalsOfRun,
  openMyApproval,
  showApproval,
  giveStatement,
  takeApprovalSignature,
  askBeforeSigning,
  handApprovalOver,
  answerQuestion, takeIntake, streamLive, showHealth, showOpenApi,
] // biome-ignore format: one list
