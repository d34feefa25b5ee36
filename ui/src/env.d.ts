/// <reference types="svelte" />
/// <reference types="vite/client" />

/** True only in a build made with VITE_TEST_HOOKS=1. */
declare const __TEST_HOOKS__: boolean;
