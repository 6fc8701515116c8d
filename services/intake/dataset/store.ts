/**
 * Brings a dataset in: checked while its bytes are stored, then divided. Nothing of a dataset that is not usable is kept.
 *
 * Invariant: a row names only blobs that are stored.
 */
import type { ExamLabel } from '../../../schemas/dataset.ts'
import type { ExamText, TrainingRow } from '../../../schemas/program.ts'
import type { Digest } from '../../../schemas/words.ts'
import type { Blobs } from '../../kit/blobs/blobs.ts'
import { badInput, tooLarge } from '../../kit/errors.ts'
import type { Database } from '../../kit/store/database.ts'
import { type CheckedDataset, type DatasetCheck, type DatasetLimits, datasetReader, describeProblems } from './check.ts'
import { splitVersion } from './normalise.ts'
import { type Split, splitDataset } from './split.ts'

export type DatasetStore = {
  /**
   * @throws badInput or tooLarge with what is wrong with the dataset, line by line; what `source` throws
   */
  put(source: AsyncIterable<Uint8Array>, heldOutShares: Iterable<number>): Promise<Digest>
  /** Divides a stored dataset by further shares. */
  divide(digest: Digest, heldOutShares: Iterable<number>): Promise<void>
}

export type DatasetStoreParts = {
  readonly database: Database
  readonly blobs: Blobs
  readonly limits: DatasetLimits
}

export function makeDatasetStore({ database, blobs, limits }: DatasetStoreParts): DatasetStore {
  async function storeSplit(digest: Digest, heldOutShare: number, split: Split): Promise<void> {
    const train = await blobs.put(jsonLines(split.train, trainingRows))
    const examTexts = await blobs.put(jsonLines(split.exam, ({ id, text }): ExamText[] => [{ id, text }]))
    const labels = await blobs.put(jsonLines(split.exam, examLabels))
    const trainRows = split.train.reduce((sum, { intents }) => sum + intents.length, 0)
    await database.execute(
      `insert into intake.splits (dataset, held_out_share, version, train, exam_texts, exam_labels, train_rows, exam_rows, remarks)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing`,
      [
        digest,
        heldOutShare,
        splitVersion,
        train.digest,
        examTexts.digest,
        labels.digest,
        trainRows,
        split.exam.length,
        JSON.stringify(split.remarks),
      ],
    )
  }

  async function storeSplits(digest: Digest, dataset: CheckedDataset, heldOutShares: Iterable<number>): Promise<void> {
    for (const share of new Set(heldOutShares)) {
      await nextTurn()
      await storeSplit(digest, share, splitDataset(dataset, share))
    }
  }

  return {
    async put(source, heldOutShares) {
      const reading = checked(source, limits)
      const { digest, bytes } = await blobs.put(reading.bytes())
      const dataset = reading.dataset()
      await database.execute(
        `insert into intake.datasets (digest, bytes, row_count, text_count, intents, remarks)
         values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
        [digest, bytes, dataset.rows, dataset.texts.length, dataset.intents.length, JSON.stringify(dataset.remarks)],
      )
      await storeSplits(digest, dataset, heldOutShares)
      return digest
    },

    async divide(digest, heldOutShares) {
      // It was usable when it was stored; limits that were lowered since do not make it less so.
      const reading = checked(blobs.get(digest), unlimited)
      for await (const _ of reading.bytes()) await nextTurn()
      await storeSplits(digest, reading.dataset(), heldOutShares)
    },
  }
}

const unlimited: DatasetLimits = {
  bytes: Number.POSITIVE_INFINITY,
  rows: Number.POSITIVE_INFINITY,
  textCharacters: Number.POSITIVE_INFINITY,
  intents: Number.POSITIVE_INFINITY,
}

/** Passes bytes on while they are checked; ends with an error, before the last of them are stored, if they are not usable. */
function checked(source: AsyncIterable<Uint8Array>, limits: DatasetLimits) {
  let result: CheckedDataset | undefined
  return {
    async *bytes(): AsyncGenerator<Uint8Array> {
      const reader = datasetReader(limits)
      for await (const chunk of source) {
        for (const piece of pieces(chunk)) {
          if (!reader.add(piece)) usable(reader.end())
          await nextTurn()
        }
        yield chunk
      }
      result = usable(reader.end())
    },
    dataset(): CheckedDataset {
      if (!result) throw new Error('the dataset is asked for before all of its bytes were read')
      return result
    },
  }
}

function usable(check: DatasetCheck): CheckedDataset {
  if (check.ok) return check.dataset
  const facts = { details: { problems: check.problems, more: check.more } }
  const message = `the dataset is not usable: ${describeProblems(check)}`
  throw check.tooLarge ? tooLarge(message, facts) : badInput(message, facts)
}

const bytesPerTurn = 64 * 1024
const rowsPerPiece = 1_000

function* pieces(chunk: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < chunk.byteLength; at += bytesPerTurn) yield chunk.subarray(at, at + bytesPerTurn)
}

/** Lets others have their turn: a large dataset is seconds of work, and this process has other duties. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

async function* jsonLines<T>(items: readonly T[], rowsOf: (item: T) => readonly object[]): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < items.length; at += rowsPerPiece) {
    const rows = items.slice(at, at + rowsPerPiece).flatMap(rowsOf)
    yield Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
    await nextTurn()
  }
}

function trainingRows({ id, text, intents }: Split['train'][number]): TrainingRow[] {
  return intents.map((intent) => ({ id, text, intent }))
}

/** A text under two intents has both, and either is right: the order of a file's rows must not decide which. */
function examLabels({ id, intents }: Split['exam'][number]): ExamLabel[] {
  return intents.map((intent) => ({ id, intent }))
}
