import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { precompress } from './build/precompress.ts'

const server = process.env.TASKEY_SERVER ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [react(), precompress()],
  // The server puts a fresh nonce in place of this text in every answer.
  html: { cspNonce: '__CSP_NONCE__' },
  build: {
    target: ['chrome123', 'firefox121', 'safari17.5'],
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  server: {
    proxy: {
      '/api': { target: server, changeOrigin: true },
      '/schemas': { target: server, changeOrigin: true },
    },
  },
})
