/**
 * `wide-deep`: what `wide` does, and beside it a dense head on sentence vectors, from an encoder that has read much more
 * than a bot's examples; for other languages than its English, on vectors that are learnt along.
 */

import type { Program } from '../contract/program.ts'
import { predict } from './predict.ts'
import { train } from './train.ts'

export const wideDeep: Program = { train, predict }
