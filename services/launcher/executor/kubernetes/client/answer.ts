/**
 * One answer, received whole. undici's own `request` makes a stream and some functions for each, and the functions are such
 * that V8 puts them among the old objects at once: the answer that hangs on them was kept until the next full garbage
 * collection.
 */
import type { Dispatcher } from 'undici'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/**
 * Rejects with the signal's reason when it aborts: a request that has not left by then never leaves. But it costs the
 * connection that it waited for, so let none wait.
 * @param begun called when the answer begins
 */
export async function ask(
  dispatcher: Dispatcher,
  options: Dispatcher.DispatchOptions,
  signal: AbortSignal,
  begun: (headers: Answer['headers']) => void,
): Promise<Answer> {
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  let started: Dispatcher.DispatchController | undefined
  let head: Omit<Answer, 'body'> = { status: 0, headers: {} }
  const chunks: Buffer[] = []

  function giveUp(): void {
    started?.abort(signal.reason)
    reject(signal.reason)
  }
  signal.addEventListener('abort', giveUp)
  try {
    dispatcher.dispatch(options, {
      onRequestStart(controller) {
        started = controller
        if (signal.aborted) controller.abort(signal.reason)
      },
      onResponseStart(_controller, status, headers) {
        head = { status, headers }
        begun(headers)
      },
      onResponseData: (_controller, chunk) => chunks.push(chunk),
      onResponseEnd: () => resolve({ ...head, body: Buffer.concat(chunks).toString() }),
      onResponseError: (_controller, error) => reject(error),
    })
    return await promise
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}
