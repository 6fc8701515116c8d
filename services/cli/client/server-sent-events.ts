/** Reads `text/event-stream`, as far as a command needs it: the data of each message, and its id. */

export interface Message {
  readonly id: string
  readonly data: string
}

export async function* serverSentEvents(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Message> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of bytes) {
    const blocks = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n\r?\n/)
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const message = messageOf(block)
      if (message !== undefined) yield message
    }
  }
}

/** Undefined for a comment (a heartbeat) and for settings without data. */
function messageOf(block: string): Message | undefined {
  const values = (field: string) =>
    block
      .split(/\r?\n/)
      .flatMap((line) => (line.startsWith(`${field}:`) ? [line.slice(field.length + 1).replace(/^ /, '')] : []))
  const data = values('data')
  return data.length === 0 ? undefined : { id: values('id').at(-1) ?? '', data: data.join('\n') }
}
