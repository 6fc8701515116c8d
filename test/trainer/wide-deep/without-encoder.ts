/** To be loaded before a program: to it, the package of the sentence encoder is not installed. */

import { registerHooks } from 'node:module'

registerHooks({
  resolve(specifier, context, next) {
    if (!specifier.startsWith('@energetic-ai/')) return next(specifier, context)
    throw Object.assign(new Error(`Cannot find module '${specifier}'`), { code: 'MODULE_NOT_FOUND' })
  },
})
