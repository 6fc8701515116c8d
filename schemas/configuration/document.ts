/** YAML with places: the value of a document, and the line where each part of it stands. */

import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml'
import { isStorable } from '../words.ts'

export type Path = readonly PropertyKey[]

/** Something wrong, and the part of the file it is about. */
export type Finding = { path: Path; message: string }
export type SyntaxProblem = { line: number; message: string }

export interface ConfigurationDocument {
  value: unknown
  /** Not readable as YAML, or not storable; the value is not to be used then. */
  problems: SyntaxProblem[]
  /** Line of the part at the path; of the nearest part around it, if it is not there. */
  lineOf(path: Path): number
}

export function readDocument(text: string): ConfigurationDocument {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const lineAt = (offset: number): number => Math.max(lines.linePos(offset).line, 1)
  const problems = [...document.errors, ...document.warnings].map((found) => ({
    line: lineAt(found.pos[0]),
    message: found.message,
  }))
  const lineOf = (path: Path): number => lineAt(offsetOf(document, path))
  if (problems.length > 0) return { value: undefined, problems, lineOf }
  visit(document, {
    Scalar(_key, { value, range }) {
      if (typeof value === 'string' && !isStorable(value)) {
        problems.push({ line: lineAt(range?.[0] ?? 0), message: 'a text holds NUL or half of a surrogate pair' })
      }
    },
    Alias(_key, alias) {
      if (alias.resolve(document) !== undefined) return
      problems.push({ line: lineAt(alias.range?.[0] ?? 0), message: `*${alias.source}: nothing before it is named so` })
    },
  })
  if (problems.length > 0) return { value: undefined, problems, lineOf }
  return { ...resolved(document), lineOf }
}

function resolved(document: Document): { value: unknown; problems: SyntaxProblem[] } {
  try {
    return { value: document.toJS() ?? {}, problems: [] }
  } catch (error) {
    // Aliases that multiply beyond all measure.
    const message = error instanceof Error ? error.message : String(error)
    return { value: undefined, problems: [{ line: 1, message }] }
  }
}

function offsetOf(document: Document, path: Path): number {
  let node: unknown = document.contents
  let offset = 0
  for (const part of path) {
    const container = isAlias(node) ? node.resolve(document) : node
    if (isMap(container)) {
      const pair = container.items.find(({ key }) => isScalar(key) && String(key.value) === String(part))
      if (pair === undefined) break
      offset = startOf(pair.key) ?? offset
      node = pair.value
    } else if (isSeq(container)) {
      node = container.items[Number(part)]
      if (node === undefined) break
      offset = startOf(node) ?? offset
    } else break
  }
  return offset
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null)?.range?.[0]
}
