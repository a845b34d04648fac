import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Navigate,
  Outlet,
} from '@tanstack/react-router'
import { problemOf } from './api.ts'
import { type AuditAddress, auditAddressOf } from './pages/audit/address.ts'
import { type ContextSearch, contextSearchOf } from './pages/context/search.ts'
import { type LeftSearch, leftSearchOf } from './pages/left/address.ts'
import { type LogSearch, logSearchOf } from './pages/logs/log-search.ts'
import { type QueueSearch, queueSearchOf } from './pages/queue/search.ts'
import { type Search, searchOf } from './pages/search/address.ts'
import { Gate } from './pages/sign-in/gate.tsx'
import { type TicketSearch, ticketSearchOf } from './pages/tickets/ticket-search.ts'
import { ErrorState } from './parts/states.tsx'

const root = createRootRoute({
  component: Outlet,
  // What could not be loaded is only asked for anew with the whole page.
  errorComponent: ({ error, reset }) => (
    <ErrorState error={error} retry={problemOf(error).code === 'outdated' ? () => window.location.reload() : reset} />
  ),
  notFoundComponent: () => (
    <Gate title="There is no such page">
      The address may be cut short. <a href="/">Go to the first page</a>
    </Gate>
  ),
})
const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  component: lazyRouteComponent(() => import('./pages/sign-in/sign-in.tsx'), 'SignInPage'),
})
const welcome = createRoute({
  getParentRoute: () => root,
  path: '/welcome',
  component: lazyRouteComponent(() => import('./pages/sign-in/welcome.tsx'), 'WelcomePage'),
})
const question = createRoute({
  getParentRoute: () => root,
  path: '/q/$token',
  component: lazyRouteComponent(() => import('./pages/question/question.tsx'), 'QuestionPage'),
})
const approve = createRoute({
  getParentRoute: () => root,
  path: '/approve/$token',
  component: lazyRouteComponent(() => import('./pages/approve/approve.tsx'), 'ApprovePage'),
})
const desk = createRoute({
  getParentRoute: () => root,
  id: 'desk',
  component: lazyRouteComponent(() => import('./parts/shell.tsx'), 'Shell'),
})
const home = createRoute({
  getParentRoute: () => desk,
  path: '/',
  component: lazyRouteComponent(() => import('./pages/queue/home.tsx'), 'HomePage'),
})

const queue = createRoute({
  getParentRoute: () => desk,
  path: '/queue',
  validateSearch: (search: Record<string, unknown>): QueueSearch => queueSearchOf(search),
  component: lazyRouteComponent(() => import('./pages/queue/queue.tsx'), 'QueuePage'),
})
const alert = createRoute({
  getParentRoute: () => desk,
  path: '/alerts/$id',
  component: lazyRouteComponent(() => import('./pages/alert/alert.tsx'), 'AlertRoute'),
})
const reply = createRoute({
  getParentRoute: () => desk,
  path: '/replies/$id',
  component: lazyRouteComponent(() => import('./pages/reply/reply.tsx'), 'ReplyRoute'),
})
const run = createRoute({
  getParentRoute: () => desk,
  path: '/runs/$id',
  component: lazyRouteComponent(() => import('./pages/run/run.tsx'), 'RunRoute'),
})
const search = createRoute({
  getParentRoute: () => desk,
  path: '/search',
  validateSearch: (given: Record<string, unknown>): Search => searchOf(given),
  component: lazyRouteComponent(() => import('./pages/search/search.tsx'), 'SearchPage'),
})
const portal = createRoute({
  getParentRoute: () => desk,
  path: '/portal',
  validateSearch: (search: Record<string, unknown>): { q?: string } =>
    search['q'] === undefined ? {} : { q: String(search['q']).slice(0, 200) },
  component: lazyRouteComponent(() => import('./pages/portal/portal.tsx'), 'PortalPage'),
})
const portalAlert = createRoute({
  getParentRoute: () => desk,
  path: '/portal/$id',
  component: lazyRouteComponent(() => import('./pages/portal/portal.tsx'), 'PortalAlertPage'),
})
const myApprovals = createRoute({
  getParentRoute: () => desk,
  path: '/approvals',
  component: lazyRouteComponent(() => import('./pages/my-approvals/my-approvals.tsx'), 'MyApprovalsPage'),
})
const owned = createRoute({
  getParentRoute: () => desk,
  path: '/mine',
  component: lazyRouteComponent(() => import('./pages/owned/owned.tsx'), 'OwnedPage'),
})
const auditRoom = createRoute({
  getParentRoute: () => desk,
  path: '/ledger/audit',
  validateSearch: (given: Record<string, unknown>): AuditAddress => auditAddressOf(given),
  component: lazyRouteComponent(() => import('./pages/audit/audit.tsx'), 'AuditPage'),
})
const whatLeft = createRoute({
  getParentRoute: () => desk,
  path: '/ledger/left',
  validateSearch: (given: Record<string, unknown>): LeftSearch => leftSearchOf(given),
  component: lazyRouteComponent(() => import('./pages/left/what-left.tsx'), 'WhatLeftPage'),
})
const handover = createRoute({
  getParentRoute: () => desk,
  path: '/handover',
  validateSearch: (given: Record<string, unknown>): { from?: string } =>
    Number.isNaN(Date.parse(String(given['from']))) ? {} : { from: new Date(String(given['from'])).toISOString() },
  component: lazyRouteComponent(() => import('./pages/handover/handover.tsx'), 'HandoverPage'),
})
const start = createRoute({
  getParentRoute: () => desk,
  path: '/start',
  component: lazyRouteComponent(() => import('./pages/start/start.tsx'), 'StartPage'),
})
const tickets = createRoute({
  getParentRoute: () => desk,
  path: '/tickets',
  validateSearch: (search: Record<string, unknown>): TicketSearch => ticketSearchOf(search),
  component: lazyRouteComponent(() => import('./pages/tickets/tickets.tsx'), 'TicketsPage'),
})
const quarantine = createRoute({
  getParentRoute: () => desk,
  path: '/quarantine',
  component: lazyRouteComponent(() => import('./pages/quarantine/quarantine.tsx'), 'QuarantinePage'),
})
const teach = createRoute({
  getParentRoute: () => desk,
  path: '/teach/$id',
  component: lazyRouteComponent(() => import('./pages/teach/teach.tsx'), 'TeachRoute'),
})
const xray = createRoute({
  getParentRoute: () => desk,
  path: '/x-ray',
  component: lazyRouteComponent(() => import('./pages/xray/xray.tsx'), 'XrayPage'),
})
const logs = createRoute({
  getParentRoute: () => desk,
  path: '/logs',
  validateSearch: (search: Record<string, unknown>): LogSearch => logSearchOf(search),
  component: lazyRouteComponent(() => import('./pages/logs/logs.tsx'), 'LogsPage'),
})
const hunt = createRoute({
  getParentRoute: () => desk,
  path: '/logs/hunt',
  component: lazyRouteComponent(() => import('./pages/logs/hunt.tsx'), 'HuntPage'),
})
const logSources = createRoute({
  getParentRoute: () => desk,
  path: '/logs/sources',
  component: lazyRouteComponent(() => import('./pages/log-sources/sources.tsx'), 'LogSourcesPage'),
})
const detections = createRoute({
  getParentRoute: () => desk,
  path: '/logs/detections',
  component: lazyRouteComponent(() => import('./pages/log-sources/detections.tsx'), 'DetectionsRoute'),
})
const ledger = createRoute({
  getParentRoute: () => desk,
  path: '/ledger',
  validateSearch: (search: Record<string, unknown>): { subject?: string } =>
    search['subject'] === undefined ? {} : { subject: String(search['subject']).slice(0, 200) },
  component: lazyRouteComponent(() => import('./pages/ledger/ledger.tsx'), 'LedgerPage'),
})
const contextHome = createRoute({
  getParentRoute: () => desk,
  path: '/context',
  component: () => <Navigate to="/context/$part" params={{ part: 'assets' }} />,
})
const context = createRoute({
  getParentRoute: () => desk,
  path: '/context/$part',
  validateSearch: (search: Record<string, unknown>): ContextSearch => contextSearchOf(search),
  component: lazyRouteComponent(() => import('./pages/context/context.tsx'), 'ContextPage'),
})
const asset = createRoute({
  getParentRoute: () => desk,
  path: '/context/assets/$id',
  component: lazyRouteComponent(() => import('./pages/context/asset.tsx'), 'AssetRoute'),
})
const person = createRoute({
  getParentRoute: () => desk,
  path: '/context/people/$id',
  component: lazyRouteComponent(() => import('./pages/context/person.tsx'), 'PersonRoute'),
})
const settingsHome = createRoute({
  getParentRoute: () => desk,
  path: '/settings',
  component: () => <Navigate to="/settings/$part" params={{ part: 'providers' }} />,
})
const settings = createRoute({
  getParentRoute: () => desk,
  path: '/settings/$part',
  component: lazyRouteComponent(() => import('./pages/settings/settings.tsx'), 'SettingsPage'),
})

export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    welcome,
    question,
    approve,
    desk.addChildren([
      home,
      queue,
      alert,
      reply,
      run,
      search,
      portal,
      portalAlert,
      owned,
      myApprovals,
      start,
      auditRoom,
      whatLeft,
      handover,
      tickets,
      quarantine,
      teach,
      xray,
      logs,
      hunt,
      logSources,
      detections,
      ledger,
      contextHome,
      context,
      asset,
      person,
      settingsHome,
      settings,
    ]),
  ]),
  defaultPreload: 'intent',
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
