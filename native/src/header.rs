//! The checks of a batch header (record batch version 2, KIP-98), in the order of typescript-kernel.ts.

use crate::fault::{Fault, Refusal};

pub const HEADER_BYTES: usize = 61;
/// Length, attributes, two deltas, key length, value length, header count: one byte each.
pub const RECORD_BYTES_MIN: usize = 7;

const PREFIX_BYTES: i64 = 12;
const BATCH_LENGTH_AT: usize = 8;
const MAGIC_AT: usize = 16;
const CRC_AT: usize = 17;
const ATTRIBUTES_AT: usize = 21;
const LAST_OFFSET_DELTA_AT: usize = 23;
const COUNT_AT: usize = 57;
const MAGIC: u8 = 2;
const CODEC_MASK: u8 = 0x07;
const MAX_SAFE_INTEGER: i64 = (1 << 53) - 1;

pub const NONE: u8 = 0;
pub const GZIP: u8 = 1;
pub const SNAPPY: u8 = 2;
pub const LZ4: u8 = 3;
pub const ZSTD: u8 = 4;

/// A batch whose header was found sound; its CRC is not verified yet.
pub struct Batch<'a> {
    bytes: &'a [u8],
    pub codec: u8,
    pub count: usize,
    pub last_offset_delta: i32,
}

impl<'a> Batch<'a> {
    /// Checks the header of the batch that lies at `raw[at .. at + size]`.
    pub fn at(raw: &'a [u8], at: usize, size: i64) -> Result<Self, Refusal> {
        if size <= MAGIC_AT as i64 {
            return Err(Fault::BATCH_TOO_SMALL.into());
        }
        let rest = raw.get(at..).ok_or(Refusal::Fault(Fault::BATCH_TRUNCATED))?;
        if size > rest.len() as i64 {
            return Err(Fault::BATCH_TRUNCATED.into());
        }
        let bytes = &rest[..size as usize];
        // An old message may be shorter, and its bytes mean other things, so the format comes first.
        if bytes[MAGIC_AT] != MAGIC {
            return Err(Fault::UNSUPPORTED_MAGIC.into());
        }
        if bytes.len() < HEADER_BYTES {
            return Err(Fault::BATCH_TOO_SMALL.into());
        }
        let announced = int32(bytes, BATCH_LENGTH_AT) as i64 + PREFIX_BYTES;
        if announced < HEADER_BYTES as i64 {
            return Err(Fault::BATCH_TOO_SMALL.into());
        }
        if announced != size {
            return Err(Fault::BATCH_TRUNCATED.into());
        }
        let codec = bytes[ATTRIBUTES_AT + 1] & CODEC_MASK;
        if codec > ZSTD {
            return Err(Fault::UNKNOWN_CODEC.into());
        }
        let count = int32(bytes, COUNT_AT);
        if count < 0 {
            return Err(Fault::NEGATIVE_COUNT.into());
        }
        if codec == NONE && count as usize > (bytes.len() - HEADER_BYTES) / RECORD_BYTES_MIN {
            return Err(Fault::COUNT_TOO_LARGE.into());
        }
        // Compaction leaves holes, so the last offset may lie beyond the count, never before it.
        let last_offset_delta = int32(bytes, LAST_OFFSET_DELTA_AT);
        if last_offset_delta < 0 || last_offset_delta < count - 1 {
            return Err(Fault::LAST_OFFSET_DELTA.into());
        }
        let base_offset = i64::from_be_bytes(bytes[..8].try_into().unwrap());
        if base_offset < 0 || base_offset.saturating_add(last_offset_delta as i64) >= MAX_SAFE_INTEGER {
            return Err(Fault::OFFSET_OUT_OF_RANGE.into());
        }
        Ok(Batch { bytes, codec, count: count as usize, last_offset_delta })
    }

    /// The records as they are stored, compressed or not.
    pub fn stored(&self) -> &'a [u8] {
        &self.bytes[HEADER_BYTES..]
    }

    pub fn crc_is_right(&self) -> bool {
        crc32c::crc32c(&self.bytes[ATTRIBUTES_AT..]) == int32(self.bytes, CRC_AT) as u32
    }
}

fn int32(bytes: &[u8], at: usize) -> i32 {
    i32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}
