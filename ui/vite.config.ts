import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// The test hook (a stream fed by a test instead of a camera) is compiled in by VITE_TEST_HOOKS=1 alone, so that a
// release cannot contain it: the constant is false there and the branch disappears.
const testHooks = process.env.VITE_TEST_HOOKS === '1';

export default defineConfig({
  plugins: [svelte()],
  clearScreen: false,
  define: { __TEST_HOOKS__: JSON.stringify(testHooks) },
  server: { port: 5173, strictPort: true },
  preview: { port: 4173, strictPort: true },
  build: {
    target: ['es2022', 'safari15', 'chrome100'],
    // Clips and pictures stay files of their own: the content policy allows no data: sound.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: { include: ['src/**/*.test.ts'] },
});
