/** CLINC150 (Larson et al. 2019, CC BY 3.0) as the trainers' benchmark reads it. */

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { Intent } from '../../schemas/program.ts'

/** Texts with their intent; null is out of scope. */
export type Example = { text: string; intent: string | null }

export type Variant = 'full' | 'small' | 'imbalanced'
export type Clinc = { train: Example[]; test: Example[] }

const folder = fileURLToPath(new URL('../../../shared/data/clinc150/', import.meta.url))
const Pairs = z.array(z.tuple([z.string(), Intent]))
const File = z.object({ train: Pairs, test: Pairs, oos_train: Pairs, oos_test: Pairs })

/** The official parts for training and test, with their out-of-scope texts; undefined where the data isn't there. */
export function readClinc(variant: Variant): Clinc | undefined {
  const path = `${folder}data_${variant}.json`
  if (!existsSync(path)) {
    process.stderr.write(`bench: CLINC150 is not there (${path}), so the trainers are not measured on it\n`)
    return undefined
  }
  const { train, test, oos_train, oos_test } = File.parse(JSON.parse(readFileSync(path, 'utf8')))
  const together = (inScope: z.infer<typeof Pairs>, outside: z.infer<typeof Pairs>): Example[] => [
    ...inScope.map(([text, intent]) => ({ text, intent })),
    ...outside.map(([text]) => ({ text, intent: null })),
  ]
  return { train: together(train, oos_train), test: together(test, oos_test) }
}
