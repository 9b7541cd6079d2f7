//! Batches of producers, compressed where they lie: gathered from their pieces, and written back over them.

use crate::view::View;
use libdeflate_sys as deflate;
use std::cell::RefCell;
use std::ptr::NonNull;
use twox_hash::XxHash32;
use zstd_safe::CCtx;

/// A batch begins with its header, which stays as it is.
const HEADER_BYTES: usize = 61;
/// A level that nobody chose.
const NO_LEVEL: i32 = i32::MIN;
const LZ4_BLOCK_BYTES: usize = 0x10000;
/// Magic; version 1, blocks that do not refer to each other (Java reads no others); blocks of 64 KiB.
const LZ4_HEADER: [u8; 6] = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40];
const LZ4_STORED: u32 = 0x8000_0000;
/// xerial's framing, as Java writes it: magic, version 1, readable from version 1.
const SNAPPY_HEADER: [u8; 16] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1];
const SNAPPY_BLOCK_BYTES: usize = 0x8000;
const GZIP_LEVEL: i32 = 6;
/// No batch is worth keeping more memory for.
const KEPT_BYTES_MAX: usize = 8 << 20;

thread_local! {
    static TOOLS: RefCell<Tools> = RefCell::new(Tools::default());
}

#[derive(Default)]
struct Tools {
    plain: Vec<u8>,
    packed: Vec<u8>,
    zstd: Option<CCtx<'static>>,
    gzip: Option<(i32, GzipCompressor)>,
}

/// Compresses the records in these pieces (start and size each) of the memory. Returns what is used of them now, header
/// included; 0, and nothing has changed, when it would not be smaller; -1 when something is outside of the memory, or
/// the codec fails.
pub fn compress(memory: &View, pieces: &View, count: usize, codec: u32, level: i32) -> i32 {
    TOOLS.with_borrow_mut(|tools| tools.compress(memory, pieces, count, codec, level).unwrap_or(-1))
}

impl Tools {
    fn compress(&mut self, memory: &View, pieces: &View, count: usize, codec: u32, level: i32) -> Option<i32> {
        // SAFETY: the rows are JavaScript's, which waits for us.
        let pieces = unsafe { pieces.rows_mut::<2>(0, count) }?;
        self.plain.clear();
        let mut skip = HEADER_BYTES;
        for &mut [start, size] in pieces.iter_mut() {
            let piece = part(memory, start, size)?;
            self.plain.extend_from_slice(piece.get(skip..)?);
            skip = 0;
        }
        self.packed.clear();
        match codec {
            1 => self.gzip(level)?,
            2 => self.snappy()?,
            3 => self.lz4()?,
            4 => self.zstd(level)?,
            _ => return None,
        }
        let used = self.packed.len() + HEADER_BYTES;
        let result = if self.packed.len() < self.plain.len() {
            self.scatter(memory, pieces)?;
            used as i32
        } else {
            0
        };
        for scratch in [&mut self.plain, &mut self.packed] {
            if scratch.capacity() > KEPT_BYTES_MAX {
                *scratch = Vec::new();
            }
        }
        Some(result)
    }

    fn scatter(&self, memory: &View, pieces: &[[i32; 2]]) -> Option<()> {
        let mut rest = &self.packed[..];
        let mut skip = HEADER_BYTES;
        for &[start, size] in pieces {
            let room = part(memory, start, size)?.get_mut(skip..)?;
            skip = 0;
            let (now, later) = rest.split_at(rest.len().min(room.len()));
            room[..now.len()].copy_from_slice(now);
            rest = later;
        }
        Some(())
    }

    fn lz4(&mut self) -> Option<()> {
        let Tools { plain, packed, .. } = self;
        packed.extend_from_slice(&LZ4_HEADER);
        packed.push((XxHash32::oneshot(0, &LZ4_HEADER[4..]) >> 8) as u8);
        for block in plain.chunks(LZ4_BLOCK_BYTES) {
            let at = packed.len();
            packed.resize(at + 4 + lz4_flex::block::get_maximum_output_size(block.len()), 0);
            let size = lz4_flex::block::compress_into(block, &mut packed[at + 4..]).ok()?;
            let word = if size < block.len() {
                packed.truncate(at + 4 + size);
                size as u32
            } else {
                packed.truncate(at + 4);
                packed.extend_from_slice(block);
                block.len() as u32 | LZ4_STORED
            };
            packed[at..at + 4].copy_from_slice(&word.to_le_bytes());
        }
        packed.extend_from_slice(&[0; 4]);
        Some(())
    }

    fn snappy(&mut self) -> Option<()> {
        let Tools { plain, packed, .. } = self;
        let mut encoder = snap::raw::Encoder::new();
        packed.extend_from_slice(&SNAPPY_HEADER);
        for block in plain.chunks(SNAPPY_BLOCK_BYTES) {
            let at = packed.len();
            packed.resize(at + 4 + snap::raw::max_compress_len(block.len()), 0);
            let size = encoder.compress(block, &mut packed[at + 4..]).ok()?;
            packed[at..at + 4].copy_from_slice(&(size as u32).to_be_bytes());
            packed.truncate(at + 4 + size);
        }
        Some(())
    }

    fn zstd(&mut self, level: i32) -> Option<()> {
        let Tools { plain, packed, zstd, .. } = self;
        let context = zstd.get_or_insert_with(CCtx::create);
        packed.resize(zstd_safe::compress_bound(plain.len()), 0);
        let level = if level == NO_LEVEL { zstd_safe::CLEVEL_DEFAULT } else { level };
        let size = context.compress(&mut packed[..], plain, level).ok()?;
        packed.truncate(size);
        Some(())
    }

    fn gzip(&mut self, level: i32) -> Option<()> {
        let level = if level == NO_LEVEL { GZIP_LEVEL } else { level };
        if self.gzip.as_ref().is_none_or(|(made_for, _)| *made_for != level) {
            self.gzip = Some((level, GzipCompressor::new(level)?));
        }
        let Tools { plain, packed, gzip, .. } = self;
        gzip.as_ref()?.1.compress(plain, packed)
    }
}

/// Of the memory, to read and to write.
fn part(memory: &View, start: i32, size: i32) -> Option<&'static mut [u8]> {
    // SAFETY: the piece is this batch's alone, and JavaScript keeps the memory while it waits for us.
    unsafe { memory.bytes_mut(start.try_into().ok()?, size.try_into().ok()?) }
}

struct GzipCompressor(NonNull<deflate::libdeflate_compressor>);

impl GzipCompressor {
    fn new(level: i32) -> Option<Self> {
        // SAFETY: it takes a number and returns null or a compressor.
        NonNull::new(unsafe { deflate::libdeflate_alloc_compressor(level) }).map(GzipCompressor)
    }

    fn compress(&self, plain: &[u8], packed: &mut Vec<u8>) -> Option<()> {
        let (from, length) = (plain.as_ptr().cast(), plain.len());
        // SAFETY: both ranges are as long as it is told.
        let size = unsafe {
            packed.resize(deflate::libdeflate_gzip_compress_bound(self.0.as_ptr(), length), 0);
            deflate::libdeflate_gzip_compress(self.0.as_ptr(), from, length, packed.as_mut_ptr().cast(), packed.len())
        };
        packed.truncate(size);
        (size > 0).then_some(())
    }
}

impl Drop for GzipCompressor {
    fn drop(&mut self) {
        // SAFETY: it was allocated by `new`, and nobody else has it.
        unsafe { deflate::libdeflate_free_compressor(self.0.as_ptr()) };
    }
}
