import type { QueryClient } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'

let connected = false
/** The pages that the server handed out when this tab first heard of it, and whether it hands out others now. */
let build: string | null = null
let outdated = false
const watchers = new Set<() => void>()

function setConnected(next: boolean): void {
  if (connected === next) return
  connected = next
  for (const watcher of watchers) watcher()
}

const watch = (watcher: () => void) => {
  watchers.add(watcher)
  return () => watchers.delete(watcher)
}

/** Whether news reach this page right now. */
export function useLive(): boolean {
  return useSyncExternalStore(watch, () => connected)
}

/** Whether the server was brought up to date since this tab was opened. */
export function useOutdated(): boolean {
  return useSyncExternalStore(watch, () => outdated)
}

function setOutdated(): void {
  if (outdated) return
  outdated = true
  for (const watcher of watchers) watcher()
}

function hearBuild(named: string): void {
  build ??= named
  if (build !== named) setOutdated()
}

// A part of the page that is not there any more: the server hands out a newer one.
window.addEventListener('vite:preloadError', setOutdated)

/** A burst of two hundred alerts a second must not become two hundred fetches of the queue. */
const gatherMs = 250

/** Which answers a topic makes old. */
function keysOf(topic: string): string[][] {
  const [noun, id] = topic.split(':') as [string, string | undefined]
  if (noun === 'alert' && id !== undefined) return [['alert', id], ['queue'], ['reply'], ['preview']]
  if (noun === 'expectations' || noun === 'tuning') return [[noun]]
  if (noun === 'presence') return [['presence']]
  if (noun === 'run' && id !== undefined) return [['run', id]]
  if (noun === 'queue' || noun === 'quarantine') return [[noun], ['queue']]
  return [[]]
}

/** Listens to the house's news for as long as somebody is signed in. Returns how to stop. */
export function listen(client: QueryClient): () => void {
  const source = new EventSource('/api/live')
  let waiting = new Set<string>()
  let timer: ReturnType<typeof setTimeout> | undefined
  const flush = () => {
    timer = undefined
    const topics = waiting
    waiting = new Set()
    // In the middle of a review the page is ahead of the server; it asks by itself after the last verdict.
    const reviewing = client.isMutating({ mutationKey: ['review'] }) > 0
    const keys = [...topics]
      .flatMap(keysOf)
      .filter(([noun]) => !(reviewing && (noun === 'reply' || noun === 'preview')))
    for (const queryKey of keys) void client.invalidateQueries({ queryKey })
  }
  source.onopen = () => setConnected(true)
  source.onerror = () => setConnected(false)
  let greeted = false
  source.onmessage = (event: MessageEvent<string>) => {
    const topic = JSON.parse(event.data) as string
    // The first greeting follows a fresh page; a later one means that news were missed.
    if (topic.startsWith('build:')) return hearBuild(topic)
    if (topic === 'hello' && !greeted) greeted = true
    else waiting.add(topic)
    timer ??= setTimeout(flush, gatherMs)
  }
  return () => {
    clearTimeout(timer)
    source.close()
    setConnected(false)
  }
}
