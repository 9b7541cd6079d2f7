//! zstd frames (RFC 8878), walked before they are decoded: where each ends and how much it may hold.

use crate::fault::Fault;
use zstd_safe::{DCtx, InBuffer, OutBuffer, ResetDirective};

const MAGIC: u64 = 0xfd2f_b528;
const SKIPPABLE_MAGIC: u64 = 0x184d_2a50; // to …5f
/// No block holds more, whatever the window.
const BLOCK_BYTES_MAX: u64 = 128 * 1024;
/// What libzstd accepts unasked (windowLog 27), and what level 22 writes.
const WINDOW_BYTES_MAX: u64 = 1 << 27;
/// Frames of one batch: a megabyte of empty ones would cost seconds. Writers make one.
const FRAMES_MAX: usize = 4096;

/// An upper bound of what the frames decompress to, found without decompressing.
pub fn measure(bytes: &[u8], limit: u64) -> Result<u64, Fault> {
    let mut total = 0;
    for frame in Frames::of(bytes) {
        total += frame?.size_max;
        if total > limit {
            return Err(Fault::DECOMPRESSED_TOO_LARGE);
        }
    }
    if bytes.is_empty() { Err(Fault::BAD_ZSTD) } else { Ok(total) }
}

/// Decompresses all frames; returns how many bytes they made.
pub fn decompress(context: &mut DCtx, bytes: &[u8], out: &mut [u8]) -> Result<usize, Fault> {
    let mut written = 0;
    for frame in Frames::of(bytes) {
        let Frame { start, end, skippable, size_max, windowed } = frame?;
        if skippable {
            continue;
        }
        let room = &mut out[written..];
        if size_max > room.len() as u64 {
            return Err(Fault::MORE_THAN_ANNOUNCED);
        }
        let stored = &bytes[start..end];
        let decoded = if windowed { stream(context, stored, room) } else { context.decompress(room, stored).ok() };
        written += decoded.ok_or(Fault::BAD_ZSTD)?;
    }
    Ok(written)
}

/// As node:zlib decodes: what refers back beyond the window is not found.
fn stream(context: &mut DCtx, frame: &[u8], out: &mut [u8]) -> Option<usize> {
    context.reset(ResetDirective::SessionOnly).ok()?;
    let mut input = InBuffer::around(frame);
    let mut output = OutBuffer::around(out);
    loop {
        let before = (input.pos(), output.pos());
        match context.decompress_stream(&mut output, &mut input) {
            Ok(0) => return Some(output.pos()),
            Ok(_) if (input.pos(), output.pos()) != before => {}
            _ => {
                // Ready for the next frame, whatever it is.
                context.reset(ResetDirective::SessionOnly).ok()?;
                return None;
            }
        }
    }
}

struct Frame {
    start: usize,
    end: usize,
    skippable: bool,
    /// What it decompresses to: as announced, else what its blocks hold at most.
    size_max: u64,
    /// It says nothing of its size, and may hold more than its window.
    windowed: bool,
}

struct Frames<'a> {
    bytes: &'a [u8],
    at: usize,
    seen: usize,
}

impl<'a> Frames<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        Frames { bytes, at: 0, seen: 0 }
    }
}

impl Iterator for Frames<'_> {
    type Item = Result<Frame, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let frame = walk(self.bytes, self.at);
        self.seen += 1;
        if let Ok(frame) = &frame {
            self.at = frame.end;
            if self.seen > FRAMES_MAX {
                return Some(Err(Fault::BAD_ZSTD));
            }
        }
        Some(frame)
    }
}

fn walk(bytes: &[u8], start: usize) -> Result<Frame, Fault> {
    if bytes.len() - start < 8 {
        return Err(Fault::BAD_ZSTD);
    }
    let magic = little(bytes, start, 4);
    if magic & 0xffff_fff0 == SKIPPABLE_MAGIC {
        let end = start + 8 + little(bytes, start + 4, 4) as usize;
        let frame = Frame { start, end, skippable: true, size_max: 0, windowed: false };
        return if end > bytes.len() { Err(Fault::BAD_ZSTD) } else { Ok(frame) };
    }
    let descriptor = bytes[start + 4];
    if magic != MAGIC || descriptor & 0x08 != 0 {
        return Err(Fault::BAD_ZSTD); // the bit is reserved
    }
    let single_segment = descriptor & 0x20 != 0;
    let size_bytes = [single_segment as usize, 2, 4, 8][(descriptor >> 6) as usize];
    let dictionary_bytes = [0, 1, 2, 4][(descriptor & 3) as usize];
    let dictionary_at = start + if single_segment { 5 } else { 6 };
    let size_at = dictionary_at + dictionary_bytes;
    let blocks_at = size_at + size_bytes;
    if blocks_at > bytes.len() {
        return Err(Fault::BAD_ZSTD);
    }
    if little(bytes, dictionary_at, dictionary_bytes) != 0 {
        return Err(Fault::DICTIONARY);
    }
    let announced = match size_bytes {
        0 => None,
        2 => Some(little(bytes, size_at, 2) + 256),
        _ => Some(little(bytes, size_at, size_bytes)),
    };
    let window = if single_segment { announced.unwrap_or(0) } else { window_bytes(bytes[start + 5]) };
    if !single_segment && window > WINDOW_BYTES_MAX {
        return Err(Fault::ZSTD_WINDOW);
    }
    let (blocks_end, total) = walk_blocks(bytes, blocks_at, window.min(BLOCK_BYTES_MAX))?;
    let end = blocks_end + if descriptor & 0x04 != 0 { 4 } else { 0 };
    let size_max = announced.unwrap_or(total);
    if end > bytes.len() || size_max > total {
        return Err(Fault::BAD_ZSTD);
    }
    Ok(Frame { start, end, skippable: false, size_max, windowed: announced.is_none() && size_max > window })
}

/// Where the blocks end, and what they hold at most.
fn walk_blocks(bytes: &[u8], from: usize, block_max: u64) -> Result<(usize, u64), Fault> {
    let mut at = from;
    let mut total = 0;
    loop {
        if at + 3 > bytes.len() {
            return Err(Fault::BAD_ZSTD);
        }
        let header = little(bytes, at, 3);
        let kind = header >> 1 & 3;
        let size = header >> 3;
        if kind == 3 || size > block_max {
            return Err(Fault::BAD_ZSTD);
        }
        total += if kind == 2 { block_max } else { size };
        at += 3 + if kind == 1 { 1 } else { size as usize };
        if header & 1 != 0 {
            return Ok((at, total));
        }
    }
}

fn window_bytes(descriptor: u8) -> u64 {
    let base = 1u64 << (10 + (descriptor >> 3));
    base + base / 8 * (descriptor & 7) as u64
}

fn little(bytes: &[u8], at: usize, count: usize) -> u64 {
    bytes[at..at + count].iter().rev().fold(0, |value, byte| value << 8 | *byte as u64)
}
