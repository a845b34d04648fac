import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

/** Smaller files gain nothing: their headers are as long. */
const worthBytes = 1024

/** Puts a .gz beside each script and style, once at build, so that no request costs CPU for it (http/web-app.ts serves them). */
const compressed: Plugin = {
  name: 'counterfoil-compressed',
  writeBundle(options, bundle) {
    for (const name of Object.keys(bundle).filter((file) => /\.(js|css)$/.test(file))) {
      const file = path.join(options.dir ?? '', name)
      const bytes = readFileSync(file)
      if (bytes.length >= worthBytes) writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }))
    }
  },
}

// What is built is what is shipped, whoever builds it: a test runner sets NODE_ENV to "test", and React would come in its slow form, with
// the paths of the machine it was built on.
process.env['NODE_ENV'] = 'production'

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), compressed],
  build: {
    outDir: path.join(import.meta.dirname, 'dist'),
    emptyOutDir: true,
    // Our policy allows no data: scripts or fonts, and a file is cached for a year anyway.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    modulePreload: { polyfill: false },
  },
})
