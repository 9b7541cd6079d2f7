// Sizes and zigzag folding of Kafka's variable-length integers (the protobuf encoding). [pure: any thread]

/** The most bytes that a 32-bit variable-length integer takes. */
export const VARINT_BYTES_MAX = 5

/** The most bytes that a 64-bit variable-length integer takes. */
export const VARLONG_BYTES_MAX = 10

/** How many bytes the unsigned number 0 to 2^32 - 1 takes. */
export function uvarintSize(value: number): number {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  if (value < 0x200000) return 3
  return value < 0x10000000 ? 4 : 5
}

/** Folds a signed 32-bit number into an unsigned one, small magnitudes first: 0, -1, 1, -2 become 0, 1, 2, 3. */
export function zigzag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0
}

/** The inverse of `zigzag`. */
export function unzigzag(value: number): number {
  return (value >>> 1) ^ -(value & 1)
}

/** How many bytes a signed 32-bit number takes as a zigzag varint. */
export function varintSize(value: number): number {
  return uvarintSize(zigzag(value))
}

/** How many bytes a safe integer takes as a 64-bit zigzag varint. */
export function varlongSize(value: number): number {
  let folded = value < 0 ? -(value + 1) : value
  let size = 1
  // The first byte holds six bits of the magnitude (one goes to the sign), each further one seven.
  for (folded = Math.floor(folded / 64); folded > 0; folded = Math.floor(folded / 128)) size++
  return size
}
