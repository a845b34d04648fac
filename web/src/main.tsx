import './parts/mantine.css'
import './parts/app.css'
import './parts/search.css'
import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Refused } from './api.ts'
import { theme } from './parts/theme.ts'
import { router } from './router.tsx'

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5000,
      // What was left a quarter of a minute ago is asked for anew: a day of a thousand alerts must not stay in the memory of the tab.
      gcTime: 15_000,
      // A refusal is an answer; only silence is worth asking again.
      retry: (failures, error) =>
        failures < 2 && !(error instanceof Refused && error.status !== 0 && error.status < 500),
    },
  },
})
const schemes = localStorageColorSchemeManager({ key: 'counterfoil-scheme' })
const nonce = document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]')?.content ?? ''
const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no root element')

createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto" colorSchemeManager={schemes} getStyleNonce={() => nonce}>
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
)
