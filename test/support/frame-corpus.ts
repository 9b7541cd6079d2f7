// What a peer may send where a response is due: the corpus B1 of hostile and foreign frames. [test]

/** One way to answer a request badly. */
export interface FrameCase {
  name: string
  /** What is written for a request with this correlation id, which a right answer (a whole frame) would be for. */
  bytes(correlationId: number, right: Uint8Array): Uint8Array
  /** The peer closes the connection after that. */
  closes?: boolean
  /** The code of the error, or a choice of them; undefined: the answer is right after all. */
  code: string | RegExp | undefined
}

const text = (string: string) => () => new Uint8Array(Buffer.from(string, 'latin1'))
const raw =
  (...bytes: number[]) =>
  () =>
    Uint8Array.from(bytes)

function head(length: number, correlationId: number, body: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(8 + body.length)
  const view = new DataView(bytes.buffer)
  view.setInt32(0, length)
  view.setInt32(4, correlationId)
  bytes.set(body, 8)
  return bytes
}

const length = (name: string, value: number, code: string): FrameCase => ({
  name: `length ${name}`,
  bytes: (id) => head(value, id, new Uint8Array(32)),
  code,
})

const FOREIGN = 'NOT_A_KAFKA_BROKER'

/** Lengths that cannot be, other protocols, wrong correlation ids, broken bodies. `capBytes` is the cap in force. */
export function frameCorpus(capBytes: number): FrameCase[] {
  return [
    length('-1', -1, 'BAD_FRAME_LENGTH'),
    length('-2^31', -(2 ** 31), 'BAD_FRAME_LENGTH'),
    length('-2^24', -(2 ** 24), 'BAD_FRAME_LENGTH'),
    length('0', 0, 'BAD_FRAME_LENGTH'),
    length('1', 1, 'BAD_FRAME_LENGTH'),
    length('2', 2, 'BAD_FRAME_LENGTH'),
    length('3', 3, 'BAD_FRAME_LENGTH'),
    length('2^31 - 1', 2 ** 31 - 1, 'RESPONSE_TOO_LARGE'),
    length('2^30', 2 ** 30, 'RESPONSE_TOO_LARGE'),
    length('cap + 1', capBytes + 1, 'RESPONSE_TOO_LARGE'),
    { name: 'only the bytes of length -1', bytes: raw(255, 255, 255, 255), code: 'BAD_FRAME_LENGTH' },
    { name: 'only the bytes of a 2 GiB length', bytes: raw(127, 255, 255, 255), code: 'RESPONSE_TOO_LARGE' },
    {
      name: 'length of exactly the cap, then closed',
      bytes: (id) => head(capBytes, id),
      closes: true,
      code: 'CONNECTION_LOST',
    },
    { name: 'HTTP/1.1 400', bytes: text('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'), code: FOREIGN },
    { name: 'HTTP/1.0, then closed', bytes: text('HTTP/1.0 400 Bad Request\r\n\r\n'), closes: true, code: FOREIGN },
    { name: 'HTML without a status line', bytes: text('<html><body>400</body></html>'), code: FOREIGN },
    {
      name: 'HTTP/2 SETTINGS',
      bytes: raw(0, 0, 18, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100),
      code: 'CORRELATION_MISMATCH',
    },
    {
      name: 'HTTP/2 GOAWAY',
      bytes: raw(0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
      closes: true,
      code: 'CORRELATION_MISMATCH',
    },
    { name: 'SSH banner', bytes: text('SSH-2.0-OpenSSH_9.6\r\n'), code: FOREIGN },
    { name: 'SMTP banner', bytes: text('220 mail.example.org ESMTP\r\n'), code: FOREIGN },
    { name: 'FTP banner', bytes: text('220-Welcome\r\n'), code: FOREIGN },
    { name: 'Redis error', bytes: text('-ERR unknown command\r\n'), code: FOREIGN },
    { name: 'AMQP header', bytes: text('AMQP\x00\x00\x09\x01'), code: FOREIGN },
    { name: 'PostgreSQL error', bytes: raw(0x45, 0, 0, 0, 0x10, 0x53), code: 'RESPONSE_TOO_LARGE' },
    { name: 'MySQL greeting', bytes: raw(0x4a, 0, 0, 0, 0x0a, 0x38, 0x2e), code: 'RESPONSE_TOO_LARGE' },
    { name: 'TLS alert', bytes: raw(0x15, 3, 3, 0, 2, 2, 0x46), closes: true, code: FOREIGN },
    { name: 'TLS alert of TLS 1.0', bytes: raw(0x15, 3, 1, 0, 2, 2, 0x28), closes: true, code: FOREIGN },
    { name: 'TLS handshake', bytes: raw(0x16, 3, 3, 0, 0x7a, 2), code: FOREIGN },
    {
      name: 'correlation id one too high',
      bytes: (id) => head(20, id + 1, new Uint8Array(16)),
      code: 'CORRELATION_MISMATCH',
    },
    {
      name: 'correlation id one too low',
      bytes: (id) => head(20, id - 1, new Uint8Array(16)),
      code: 'CORRELATION_MISMATCH',
    },
    { name: 'correlation id -1', bytes: () => head(20, -1, new Uint8Array(16)), code: 'CORRELATION_MISMATCH' },
    { name: 'correlation id 0, no body', bytes: () => head(4, 0), code: 'CORRELATION_MISMATCH' },
    { name: 'no body at all', bytes: (id) => head(4, id), code: /./ },
    { name: 'a body of one byte', bytes: (id) => head(5, id, new Uint8Array(1)), code: /./ },
    { name: 'a body of 0xff', bytes: (id) => head(68, id, new Uint8Array(64).fill(255)), code: /./ },
    {
      name: 'an array of 2^31 - 1 elements',
      bytes: (id) => head(20, id, Uint8Array.of(0, 0, 0x7f, 255, 255, 255, 0x7f, 255, 255, 255, 7, 0, 0, 0, 0, 0)),
      code: /./,
    },
    {
      name: 'the right answer cut in half, then closed',
      bytes: (_, right) => right.slice(0, right.length >> 1),
      closes: true,
      code: 'CONNECTION_LOST',
    },
    {
      name: 'the right answer without its last byte, then closed',
      bytes: (_, right) => right.slice(0, -1),
      closes: true,
      code: 'CONNECTION_LOST',
    },
    {
      name: 'the length only, then closed',
      bytes: (_, right) => right.slice(0, 4),
      closes: true,
      code: 'CONNECTION_LOST',
    },
    { name: 'two bytes, then closed', bytes: (_, right) => right.slice(0, 2), closes: true, code: 'CONNECTION_LOST' },
    { name: 'seven bytes, then closed', bytes: (_, right) => right.slice(0, 7), closes: true, code: 'CONNECTION_LOST' },
    { name: 'closed without a byte', bytes: raw(), closes: true, code: 'CONNECTION_LOST' },
    { name: 'silence', bytes: raw(), code: /TIMEOUT/ },
    { name: 'the right answer with a length one too small', bytes: (_, right) => relength(right, -1), code: /./ },
    { name: 'the right answer', bytes: (_, right) => right, code: undefined },
  ]
}

function relength(frame: Uint8Array, by: number): Uint8Array {
  const changed = Uint8Array.from(frame)
  const view = new DataView(changed.buffer)
  view.setInt32(0, view.getInt32(0) + by)
  return changed
}
