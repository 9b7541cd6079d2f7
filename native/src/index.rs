//! Walks the records of a batch once and writes the columnar index: the twin of src/record/record-index.ts.
//!
//! A record (KIP-98): length varint · attributes int8 · timestamp delta varlong · offset delta varint · key length
//! varint, key · value length varint, value · header count varint, then per header: name length varint, name, value
//! length varint, value. A reading that runs past a record is caught where the record must end; past the last byte
//! there are zeros, in both kernels.

use crate::fault::Fault;
use crate::header::RECORD_BYTES_MIN;

/// Words a record in the index; their order is that of columns.ts.
pub const WORDS_PER_RECORD: usize = 8;

/// Where a varint that does not end leaves the cursor: past every record, so that the next check fails.
const NOWHERE: i64 = 0x3fff_ffff;
/// Bytes behind a record that make it safe to read its numbers without looking where the bytes end: the two deltas are
/// read at once (10 and 5 bytes, the first of them inside of the record), every later number starts inside of it.
const MARGIN: i64 = 16;

/// Indexes as many records as `index` has rows for; offsets must rise and not pass `last_offset_delta`.
pub fn index_records(bytes: &[u8], index: &mut [[i32; WORDS_PER_RECORD]], last_offset_delta: i32) -> Result<(), Fault> {
    let end = bytes.len() as i64;
    let mut walk = Walk { bytes, cursor: 0 };
    let mut position = 0i64;
    let mut previous = -1;
    for row in index {
        if end - position < RECORD_BYTES_MIN as i64 {
            return Err(Fault::RECORD_TRUNCATED);
        }
        let length = walk.varint::<true>(position) as i64;
        let record_end = walk.cursor + length;
        if length < RECORD_BYTES_MIN as i64 - 1 {
            return Err(walk.blame(Fault::RECORD_LENGTH));
        }
        if record_end > end {
            return Err(walk.blame(Fault::RECORD_TRUNCATED));
        }
        let start = walk.cursor;
        let within = record_end + MARGIN <= end;
        // What is unusual on the fast way is looked at again on the careful one, which finds the name of the fault.
        let fast = if within { walk.fields::<false>(record_end, previous, last_offset_delta, row).ok() } else { None };
        position = match fast {
            Some(position) => position,
            None => {
                walk.cursor = start;
                walk.fields::<true>(record_end, previous, last_offset_delta, row)?
            }
        };
        previous = row[0];
    }
    if position == end { Ok(()) } else { Err(Fault::TRAILING_BYTES) }
}

struct Walk<'a> {
    bytes: &'a [u8],
    cursor: i64,
}

impl Walk<'_> {
    /// Reads a record from its attributes on; returns its end.
    #[inline(always)]
    fn fields<const CAREFUL: bool>(
        &mut self,
        record_end: i64,
        previous: i32,
        last_offset_delta: i32,
        row: &mut [i32; WORDS_PER_RECORD],
    ) -> Result<i64, Fault> {
        // One byte of attributes says nothing in version 2.
        let timestamp_delta = self.varlong::<CAREFUL>(self.cursor + 1)?;
        let offset_delta = self.varint::<CAREFUL>(self.cursor);
        if offset_delta <= previous || offset_delta > last_offset_delta {
            return Err(self.blame(Fault::OFFSET_DELTA));
        }
        if !CAREFUL && self.cursor > record_end {
            return Err(Fault::RECORD_LENGTH);
        }
        let key_length = self.varint::<CAREFUL>(self.cursor);
        let key_start = self.cursor;
        if key_length < -1 || key_length as i64 > record_end - key_start || (!CAREFUL && key_start > record_end) {
            return Err(self.blame(Fault::KEY_LENGTH));
        }
        let value_length = self.varint::<CAREFUL>(key_start + key_length.max(0) as i64);
        let value_start = self.cursor;
        if value_length < -1 || value_length as i64 > record_end - value_start || (!CAREFUL && value_start > record_end)
        {
            return Err(self.blame(Fault::VALUE_LENGTH));
        }
        let headers_start = value_start + value_length.max(0) as i64;
        *row = [
            offset_delta,
            timestamp_delta as i32,
            (timestamp_delta >> 32) as i32,
            key_start as i32,
            key_length,
            value_start as i32,
            value_length,
            headers_start as i32,
        ];
        let position = if headers_start < record_end && self.byte::<CAREFUL>(headers_start) == 0 {
            headers_start + 1
        } else {
            self.skip_headers(headers_start, record_end)?
        };
        if position == record_end { Ok(position) } else { Err(Fault::RECORD_LENGTH) }
    }

    /// Returns the position after the headers.
    fn skip_headers(&mut self, from: i64, record_end: i64) -> Result<i64, Fault> {
        let count = self.varint::<true>(from) as i64;
        // A header has at least two bytes: nobody walks 2^29 headers that are not there.
        if count < 0 || count * 2 > record_end - self.cursor {
            return Err(self.blame(Fault::HEADER_COUNT));
        }
        for _ in 0..count {
            let name_length = self.varint::<true>(self.cursor) as i64;
            if name_length < 0 || name_length > record_end - self.cursor {
                return Err(self.blame(Fault::HEADER_LENGTH));
            }
            let value_length = self.varint::<true>(self.cursor + name_length) as i64;
            if value_length < -1 || value_length > record_end - self.cursor {
                return Err(self.blame(Fault::HEADER_LENGTH));
            }
            self.cursor += value_length.max(0);
        }
        Ok(self.cursor)
    }

    fn blame(&self, fault: Fault) -> Fault {
        if self.cursor >= NOWHERE { Fault::VARINT } else { fault }
    }

    #[inline(always)]
    fn byte<const CAREFUL: bool>(&self, at: i64) -> u8 {
        if CAREFUL {
            return self.bytes.get(at as usize).copied().unwrap_or(0);
        }
        debug_assert!((0..self.bytes.len() as i64).contains(&at));
        // SAFETY: without CAREFUL a record ends MARGIN bytes before the bytes do, and no number but the offset delta is
        // read from a place outside of the record; a number that does not end leaves the cursor outside.
        unsafe { *self.bytes.get_unchecked(at as usize) }
    }

    /// A zigzag varint; bits beyond 32 are dropped, as Java does.
    #[inline(always)]
    fn varint<const CAREFUL: bool>(&mut self, at: i64) -> i32 {
        let first = self.byte::<CAREFUL>(at) as u32;
        if first < 0x80 {
            self.cursor = at + 1;
            return zigzag(first);
        }
        let second = self.byte::<CAREFUL>(at + 1) as u32;
        if second < 0x80 {
            self.cursor = at + 2;
            return zigzag(first & 0x7f | second << 7);
        }
        self.long_varint::<CAREFUL>(at + 2, first & 0x7f | (second & 0x7f) << 7)
    }

    #[inline(never)]
    fn long_varint<const CAREFUL: bool>(&mut self, at: i64, low: u32) -> i32 {
        let mut value = low;
        for (step, shift) in [14, 21, 28].into_iter().enumerate() {
            let byte = self.byte::<CAREFUL>(at + step as i64) as u32;
            value |= (byte & 0x7f) << shift;
            if byte < 0x80 {
                self.cursor = at + step as i64 + 1;
                return zigzag(value);
            }
        }
        self.cursor = NOWHERE;
        0
    }

    /// A zigzag-coded 64-bit number.
    #[inline(always)]
    fn varlong<const CAREFUL: bool>(&mut self, at: i64) -> Result<i64, Fault> {
        let mut value = 0u64;
        for step in 0..10 {
            let byte = self.byte::<CAREFUL>(at + step) as u64;
            value |= (byte & 0x7f) << (7 * step);
            if byte < 0x80 {
                self.cursor = at + step + 1;
                return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
            }
        }
        self.cursor = NOWHERE;
        if CAREFUL { Ok(0) } else { Err(Fault::VARINT) }
    }
}

#[inline(always)]
fn zigzag(value: u32) -> i32 {
    (value >> 1) as i32 ^ -((value & 1) as i32)
}
