import { defineConfig } from 'vite'

export default defineConfig({
  build: {
    target: 'es2022',
    // Everything is a file of its own: the page forbids what is inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
})
