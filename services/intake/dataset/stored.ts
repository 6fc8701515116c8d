/** What is recorded of datasets that were checked and found usable. */
import type { Digest } from '../../../schemas/words.ts'
import type { Queryable } from '../../kit/store/database.ts'
import type { Remark } from './check.ts'
import { splitVersion } from './normalise.ts'

/** A dataset as one share divides it: all that a request needs of it. */
export type StoredSplit = {
  readonly digest: Digest
  readonly train: Digest
  readonly examTexts: Digest
  readonly examLabels: Digest
  readonly trainRows: number
  readonly examRows: number
  readonly intents: number
  readonly splitVersion: number
}

export type StoredDataset = {
  readonly digest: Digest
  readonly bytes: number
  readonly rows: number
  readonly texts: number
  readonly intents: number
  readonly storedAt: Date
  readonly remarks: readonly Remark[]
  readonly splits: readonly { heldOutShare: number; trainRows: number; examRows: number; remarks: readonly Remark[] }[]
}

/** Which of the datasets are stored, each with its present splits by held-out share. */
export async function findSplits(
  database: Queryable,
  digests: readonly Digest[],
): Promise<Map<Digest, Map<number, StoredSplit>>> {
  if (digests.length === 0) return new Map()
  const rows = await database.query<{ digest: Digest; intents: number } & Partial<SplitRow>>(
    `select digest, intents, held_out_share, version, train, exam_texts, exam_labels, train_rows, exam_rows
       from intake.datasets left join intake.splits on dataset = digest and version = $2
      where digest = any($1)`,
    [digests, splitVersion],
  )
  const found = new Map<Digest, Map<number, StoredSplit>>()
  for (const row of rows) {
    const splits = found.get(row.digest) ?? new Map<number, StoredSplit>()
    found.set(row.digest, splits)
    if (isSplit(row)) splits.set(row.held_out_share, splitOf(row))
  }
  return found
}

type SplitRow = {
  held_out_share: number
  version: number
  train: Digest
  exam_texts: Digest
  exam_labels: Digest
  train_rows: number
  exam_rows: number
}

function isSplit<R extends Partial<SplitRow>>(row: R): row is R & SplitRow {
  return row.train !== null && row.train !== undefined
}

function splitOf(row: SplitRow & { digest: Digest; intents: number }): StoredSplit {
  return {
    digest: row.digest,
    train: row.train,
    examTexts: row.exam_texts,
    examLabels: row.exam_labels,
    trainRows: row.train_rows,
    examRows: row.exam_rows,
    intents: row.intents,
    splitVersion: row.version,
  }
}

export async function readDataset(database: Queryable, digest: Digest): Promise<StoredDataset | undefined> {
  const [row] = await database.query<{
    bytes: number
    row_count: number
    text_count: number
    intents: number
    stored_at: Date
    remarks: Remark[]
  }>('select bytes, row_count, text_count, intents, stored_at, remarks from intake.datasets where digest = $1', [
    digest,
  ])
  if (!row) return undefined
  const splits = await database.query<{
    held_out_share: number
    train_rows: number
    exam_rows: number
    remarks: Remark[]
  }>(
    `select held_out_share, train_rows, exam_rows, remarks from intake.splits
      where dataset = $1 and version = $2 order by held_out_share`,
    [digest, splitVersion],
  )
  return {
    digest,
    bytes: row.bytes,
    rows: row.row_count,
    texts: row.text_count,
    intents: row.intents,
    storedAt: row.stored_at,
    remarks: row.remarks,
    splits: splits.map((split) => ({
      heldOutShare: split.held_out_share,
      trainRows: split.train_rows,
      examRows: split.exam_rows,
      remarks: split.remarks,
    })),
  }
}
