/**
 * `wide`: multinomial logistic regression on hashed word and character n-grams. Good on a laptop, in any language that
 * writes words with letters, without anything pretrained.
 */

import type { Program } from '../contract/program.ts'
import { predict } from './predict.ts'
import { train } from './train.ts'

export const wide: Program = { train, predict }
