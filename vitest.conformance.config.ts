import { defineConfig } from 'vitest/config'

// Runs against the real-world corpus that lies beside the checkout (../shared/corpus), which is never copied into the project.
export default defineConfig({
  test: {
    include: ['test/conformance/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    globalSetup: ['test/database-cluster.ts'],
  },
})
