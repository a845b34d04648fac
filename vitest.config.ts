import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'tools/**/*.test.ts', 'web/src/**/*.test.ts'],
    exclude: ['test/conformance/**', 'node_modules/**'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // The second that vitest waits by itself is too short for a browser beside another one.
    expect: { poll: { timeout: 15_000 } },
    maxWorkers: 2,
    globalSetup: ['test/database-cluster.ts'],
  },
})
