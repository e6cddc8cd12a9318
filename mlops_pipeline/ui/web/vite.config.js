import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

// All names but that of the entry hold a digest of the content: browsers may keep those files.
const named = '[name]-[hash].js'

export default defineConfig({
  // Pages work below any path.
  base: './',
  plugins: [svelte()],
  worker: { format: 'es', rolldownOptions: { output: { entryFileNames: named } } },
  build: {
    outDir: '../static/built',
    emptyOutDir: true,
    assetsDir: '.',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { islands: 'src/islands.js' },
      output: { entryFileNames: '[name].js', chunkFileNames: named, assetFileNames: '[name]-[hash][extname]' },
    },
  },
})
