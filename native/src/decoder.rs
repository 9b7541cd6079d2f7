//! One batch at a time: checks, decompression, index. Contexts are made once and kept.

use crate::fault::{Fault, Refusal};
use crate::gzip::{self, Gzip};
use crate::header::{self, Batch, RECORD_BYTES_MIN};
use crate::index::{WORDS_PER_RECORD, index_records};
use crate::{lz4, snappy, zstd};
use std::ops::Range;
use zstd_safe::DCtx;

/// The batch of a job, and what to do with it.
pub struct Order<'a> {
    pub raw: &'a [u8],
    pub at: usize,
    pub size: i64,
    pub check_crcs: bool,
    pub deliver: bool,
}

impl Order<'_> {
    /// Where the batch lies, if it is inside of `raw`; empty otherwise.
    pub fn range(&self) -> Range<*const u8> {
        let size = usize::try_from(self.size).unwrap_or(0);
        let end = self.at.saturating_add(size);
        self.raw.get(self.at..end).unwrap_or(&[]).as_ptr_range()
    }
}

/// The decoding contexts of one thread.
#[derive(Default)]
pub struct Decoder {
    gzip: Option<Gzip>,
    snappy: snap::raw::Decoder,
    zstd: Option<DCtx<'static>>,
}

/// What a decoded batch came to.
pub struct Decoded {
    pub records_bytes: usize,
    pub count: usize,
}

/// An upper bound of the decompressed length: see `measure` in kernel.ts.
pub fn measure(raw: &[u8], at: usize, size: i64, limit: u64) -> Result<u64, Refusal> {
    let batch = Batch::at(raw, at, size)?;
    let stored = batch.stored();
    if batch.codec == header::NONE || stored.is_empty() {
        return Ok(0);
    }
    let bound = match batch.codec {
        header::GZIP => gzip::measure(stored, limit),
        header::SNAPPY => snappy::measure(stored, limit),
        header::LZ4 => lz4::measure(stored, limit),
        _ => zstd::measure(stored, limit),
    }?;
    if batch.count as u64 > bound / RECORD_BYTES_MIN as u64 { Err(Fault::COUNT_TOO_LARGE.into()) } else { Ok(bound) }
}

impl Decoder {
    /// Verifies, decompresses and indexes: see `decode` in kernel.ts. The ranges are asked for when they are needed.
    pub fn decode<'a>(
        &mut self,
        order: Order<'a>,
        out: impl FnOnce() -> Option<&'a mut [u8]>,
        index: impl FnOnce(usize) -> Option<&'a mut [[i32; WORDS_PER_RECORD]]>,
    ) -> Result<Decoded, Refusal> {
        let batch = Batch::at(order.raw, order.at, order.size)?;
        if order.check_crcs && !batch.crc_is_right() {
            return Err(Fault::CRC_MISMATCH.into());
        }
        if !order.deliver {
            return Ok(Decoded { records_bytes: 0, count: 0 });
        }
        let stored = batch.stored();
        if batch.codec == header::NONE || stored.is_empty() {
            return finish(&batch, stored, index);
        }
        let out = out().ok_or(Refusal::Misuse)?;
        let size = self.decompress(batch.codec, stored, out)?;
        finish(&batch, &out[..size], index)
    }

    fn decompress(&mut self, codec: u8, stored: &[u8], out: &mut [u8]) -> Result<usize, Refusal> {
        Ok(match codec {
            header::GZIP => {
                if self.gzip.is_none() {
                    self.gzip = Gzip::new();
                }
                self.gzip.as_mut().ok_or(Refusal::SecondOpinion)?.decompress(stored, out)?
            }
            header::SNAPPY => snappy::decompress(&mut self.snappy, stored, out)?,
            header::LZ4 => lz4::decompress(stored, out)?,
            _ => zstd::decompress(self.zstd.get_or_insert_default(), stored, out)?,
        })
    }
}

fn finish<'a>(
    batch: &Batch,
    records: &[u8],
    index: impl FnOnce(usize) -> Option<&'a mut [[i32; WORDS_PER_RECORD]]>,
) -> Result<Decoded, Refusal> {
    if batch.count > records.len() / RECORD_BYTES_MIN {
        return Err(Fault::COUNT_TOO_LARGE.into());
    }
    let rows = index(batch.count).ok_or(Refusal::Misuse)?;
    index_records(records, rows, batch.last_offset_delta)?;
    Ok(Decoded { records_bytes: records.len(), count: batch.count })
}
