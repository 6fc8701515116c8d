/**
 * Rows of a dataset (JSON Lines), as it comes in and as its parts are stored. Errors name the field and never quote it:
 * a dataset may hold what people wrote in confidence.
 */

import { z } from 'zod'
import { Intent } from './program.ts'
import { isStorable } from './words.ts'

const expectedIntent = 'expected an intent of 1 to 200 characters, or null for an out-of-scope example'

const Text = z
  .string({ error: 'expected a text' })
  .min(1, { error: 'is empty' })
  .refine(isStorable, { error: 'holds NUL or half of a surrogate pair' })

/** A row as it is posted or fetched. Other fields are left unread. */
export const DatasetRow = z.object(
  {
    text: Text.describe('What a person wrote.'),
    intent: z
      .union([Intent, z.null()], { error: expectedIntent })
      .describe('What was meant; null for an out-of-scope example.'),
    id: Text.max(200, { error: 'is longer than 200 characters' })
      .optional()
      .describe("The platform's own id of the row."),
    split: z
      .enum(['train', 'held-out'], { error: 'expected train or held-out' })
      .optional()
      .describe('On which side the text is to be; without it, its hash decides.'),
  },
  { error: 'expected an object with text and intent' },
)
export type DatasetRow = z.infer<typeof DatasetRow>

/** A row of the exam's labels, which only the evaluator reads. The texts are `ExamText`, the training part `TrainingRow`. */
export const ExamLabel = z.object({ id: z.string(), intent: Intent.nullable() })
export type ExamLabel = z.infer<typeof ExamLabel>
