import type { Folders } from './folders.ts'

/** A training program: each command reads files, writes files and returns, or throws how it ended otherwise. */
export interface Program {
  train(folders: Folders): Promise<void> | void
  predict(folders: Folders): Promise<void> | void
}
