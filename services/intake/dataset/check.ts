/**
 * Reads a dataset line by line and says what is wrong with it, by line and field and never by content: a dataset may hold
 * what people wrote in confidence, and errors travel further than data.
 *
 * Invariants:
 * - rows with the same normalised text are one text, with every intent that it was given;
 * - a text has at most one explicit side.
 */
import { isUtf8 } from 'node:buffer'
import { DatasetRow } from '../../../schemas/dataset.ts'
import { lineSplitter } from './lines.ts'
import { hashOf, normalise } from './normalise.ts'

export type DatasetLimits = {
  readonly bytes: number
  readonly rows: number
  readonly textCharacters: number
  readonly intents: number
}

/** Where and what; a problem of the dataset as a whole has no line. */
export type Problem = { readonly line?: number; readonly field?: string; readonly message: string }

/** Something to know about a dataset that can be used all the same. */
export type Remark = { readonly message: string; readonly lines: readonly number[] }

export type Side = 'train' | 'held-out'

export type LabelledText = {
  readonly id: string
  readonly fraction: number
  /** As it was first written. */
  readonly text: string
  readonly line: number
  /** Usually one; null is out of scope. */
  readonly intents: (string | null)[]
  explicit: { readonly side: Side; readonly line: number } | undefined
}

export type CheckedDataset = {
  readonly bytes: number
  readonly rows: number
  readonly texts: readonly LabelledText[]
  readonly intents: readonly string[]
  readonly remarks: readonly Remark[]
}

export type DatasetCheck =
  | { readonly ok: true; readonly dataset: CheckedDataset }
  | { readonly ok: false; readonly tooLarge: boolean; readonly problems: readonly Problem[]; readonly more: number }

export type DatasetReader = {
  /** False: there is no point in reading on. */
  add(chunk: Uint8Array): boolean
  end(): DatasetCheck
}

const problemsListed = 20
const problemsCounted = 1_000
const linesPerRemark = 20
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf])

export function datasetReader(limits: DatasetLimits): DatasetReader {
  const texts = new Map<string, LabelledText>()
  const intents = new Set<string>()
  const problems: Problem[] = []
  const ambiguousLines: number[] = []
  const repeatedLines: number[] = []
  let tooLarge: Problem | undefined
  let problemCount = 0
  let bytes = 0
  let rows = 0
  let line = 0

  const splitter = lineSplitter((raw) => {
    line += 1
    if (tooLarge || problemCount >= problemsCounted) return
    const row = readRow(line === 1 && raw.subarray(0, 3).equals(byteOrderMark) ? raw.subarray(3) : raw)
    if (row) place(row)
  })

  function complain(problem: Problem): undefined {
    problemCount += 1
    if (problems.length < problemsListed) problems.push(problem)
    return undefined
  }

  function readRow(raw: Buffer): DatasetRow | undefined {
    if (!isUtf8(raw)) return complain({ line, message: 'not UTF-8' })
    const content = raw.toString('utf8').trim()
    if (content === '') return undefined
    let value: unknown
    try {
      value = JSON.parse(content)
    } catch {
      return complain({ line, message: 'not JSON' })
    }
    rows += 1
    const parsed = DatasetRow.safeParse(value)
    if (parsed.success) return parsed.data
    for (const issue of parsed.error.issues) {
      const field = issue.path.join('.')
      complain({ line, ...(field === '' ? {} : { field }), message: issue.message })
    }
    return undefined
  }

  function place(row: DatasetRow): void {
    if (rows > limits.rows) {
      tooLarge = { line, message: `more than ${limits.rows} rows` }
      return
    }
    if (row.text.length > limits.textCharacters) {
      complain({ line, field: 'text', message: `longer than ${limits.textCharacters} characters` })
      return
    }
    if (row.intent !== null) intents.add(row.intent)
    if (intents.size > limits.intents) {
      tooLarge = { line, message: `more than ${limits.intents} intents` }
      return
    }
    const normalised = normalise(row.text)
    if (normalised === '') {
      complain({ line, field: 'text', message: 'nothing but white space' })
      return
    }
    const { id, fraction } = hashOf(normalised)
    const known = texts.get(id)
    const explicit = row.split === undefined ? undefined : { side: row.split, line }
    if (known) repeat(known, row.intent, explicit)
    else texts.set(id, { id, fraction, text: row.text, line, intents: [row.intent], explicit })
  }

  function repeat(known: LabelledText, intent: string | null, explicit: LabelledText['explicit']): void {
    if (known.intents.includes(intent)) repeatedLines.push(line)
    else {
      known.intents.push(intent)
      ambiguousLines.push(line)
    }
    known.explicit ??= explicit
    if (explicit && known.explicit && explicit.side !== known.explicit.side) {
      const other = `"${known.explicit.side}" on line ${known.explicit.line}`
      complain({ line, field: 'split', message: `"${explicit.side}", and the same text is ${other}` })
    }
  }

  return {
    add(chunk) {
      bytes += chunk.byteLength
      if (bytes > limits.bytes) tooLarge ??= { message: `more than ${limits.bytes} bytes` }
      if (!tooLarge) splitter.add(chunk)
      return tooLarge === undefined && problemCount < problemsCounted
    },

    end() {
      splitter.end()
      if (tooLarge) return { ok: false, tooLarge: true, problems: [tooLarge], more: 0 }
      if (problemCount === 0 && rows === 0) complain({ message: 'empty: expected one JSON object a line' })
      else if (problemCount === 0 && intents.size < 2) {
        complain({ message: `${intents.size === 0 ? 'no intent' : 'one intent only'}: expected two or more` })
      }
      if (problemCount > 0) return { ok: false, tooLarge: false, problems, more: problemCount - problems.length }
      const remarks = [
        remark(ambiguousLines, 'the same text as on an earlier line, under another intent'),
        remark(repeatedLines, 'the same text and intent as on an earlier line; counted once'),
      ].filter((entry) => entry !== undefined)
      return { ok: true, dataset: { bytes, rows, texts: [...texts.values()], intents: [...intents].sort(), remarks } }
    },
  }
}

function remark(lines: readonly number[], message: string): Remark | undefined {
  if (lines.length === 0) return undefined
  return {
    message: `${lines.length} ${lines.length === 1 ? 'row has' : 'rows have'} ${message}`,
    lines: lines.slice(0, linesPerRemark),
  }
}

/** One sentence for people: the first problems, and how many more there are. */
export function describeProblems(check: Extract<DatasetCheck, { ok: false }>, listed = 3): string {
  const first = check.problems.slice(0, listed).map(({ line, field, message }) => {
    const place = [line === undefined ? undefined : `line ${line}`, field].filter((part) => part !== undefined)
    return [...place, message].join(': ')
  })
  const more = check.problems.length - first.length + check.more
  return `${first.join('; ')}${more > 0 ? `; and ${more} more` : ''}`
}
