//! lz4 frames, also several in a row and skippable ones, each block decoded straight to where it belongs.
//!
//! Frame: magic int32 · FLG · BD · [content size int64] · [dictionary id int32] · header checksum · blocks · end mark
//! · [content checksum int32]. Block: size int32 (upper bit: stored as is) · bytes · [block checksum int32]. All
//! little-endian.

use crate::fault::Fault;
use lz4_flex::block::{decompress_into, decompress_into_with_dict};
use twox_hash::XxHash32;

const MAGIC: u32 = 0x184d_2204;
const SKIPPABLE_MAGIC: u32 = 0x184d_2a50; // to …5f
const STORED: u32 = 0x8000_0000;
/// A last block of 64 KiB at most is counted only when it is this small: to count a larger one takes a third of the time
/// of decoding it, and gains 56 KiB at most.
const COUNTED_BYTES_MAX: usize = 8192;
/// How far back a block may refer into the blocks before it.
const WINDOW_BYTES: usize = 0x10000;

/// An upper bound of what the frames decompress to, found without decompressing.
pub fn measure(bytes: &[u8], limit: u64) -> Result<u64, Fault> {
    let mut total = 0;
    let mut at = 0;
    while at < bytes.len() {
        let frame = walk(bytes, at)?;
        total += frame.size_max;
        if total > limit {
            return Err(Fault::DECOMPRESSED_TOO_LARGE);
        }
        at = frame.end;
    }
    if bytes.is_empty() { Err(Fault::BAD_LZ4) } else { Ok(total) }
}

/// Decompresses all frames; returns how many bytes they made.
pub fn decompress(bytes: &[u8], out: &mut [u8]) -> Result<usize, Fault> {
    let mut written = 0;
    let mut at = 0;
    while at < bytes.len() {
        match decode_frame(bytes, at, &mut out[written..]) {
            Some(decoded) => {
                at = decoded.end;
                written += decoded.size;
            }
            // One pass decodes; what it will not take is walked, to name it as the TypeScript kernel does.
            None => {
                let frame = walk(bytes, at)?;
                let fits = frame.size_max <= (out.len() - written) as u64;
                return Err(if fits { Fault::BAD_LZ4 } else { Fault::MORE_THAN_ANNOUNCED });
            }
        }
    }
    Ok(written)
}

struct Walked {
    end: usize,
    size_max: u64,
}

/// Where the frame at `start` ends, and what it holds at most.
fn walk(bytes: &[u8], start: usize) -> Result<Walked, Fault> {
    let header = match Header::read(bytes, start)? {
        Start::Skip(end) => return Ok(Walked { end, size_max: 0 }),
        Start::Frame(header) => header,
    };
    let mut blocks = Blocks { bytes, header: &header, at: header.blocks_at };
    let mut total = 0;
    while let Some(block) = blocks.next()? {
        let plain = match () {
            _ if block.stored => block.bytes.len(),
            _ if block.exact => block_bytes(block.bytes).ok_or(Fault::BAD_LZ4)?,
            _ => header.block_max.min(block.bytes.len() * 255),
        };
        if plain > header.block_max {
            return Err(Fault::BAD_LZ4);
        }
        total += plain as u64;
    }
    let end = blocks.at + header.checksum_bytes();
    let announced = header.content_size;
    if end > bytes.len() || announced.is_some_and(|size| size != total) {
        Err(Fault::BAD_LZ4)
    } else {
        Ok(Walked { end, size_max: total })
    }
}

struct Decoded {
    end: usize,
    size: usize,
}

/// Decodes the frame at `start`, if it is sound and fits.
fn decode_frame(bytes: &[u8], start: usize, out: &mut [u8]) -> Option<Decoded> {
    let header = match Header::read(bytes, start).ok()? {
        Start::Skip(end) => return Some(Decoded { end, size: 0 }),
        Start::Frame(header) => header,
    };
    if !header.checksum_is_right(bytes, start) {
        return None;
    }
    let mut blocks = Blocks { bytes, header: &header, at: header.blocks_at };
    let mut size = 0;
    let mut size_max = 0;
    while let Some(block) = blocks.next().ok()? {
        if block.checksum.is_some_and(|checksum| checksum != XxHash32::oneshot(0, block.bytes)) {
            return None;
        }
        let (before, room) = out.split_at_mut(size);
        let room_bytes = room.len().min(header.block_max);
        let room = &mut room[..room_bytes];
        let window = if header.linked { &before[before.len().saturating_sub(WINDOW_BYTES)..] } else { &[] };
        let plain = if block.stored {
            room.get_mut(..block.bytes.len())?.copy_from_slice(block.bytes);
            block.bytes.len()
        } else if window.is_empty() {
            decompress_into(block.bytes, room).ok()?
        } else {
            decompress_into_with_dict(block.bytes, room, window).ok()?
        };
        size += plain;
        size_max += if block.stored || block.exact { plain } else { header.block_max.min(block.bytes.len() * 255) };
    }
    let content = out.get(..size)?;
    let end = blocks.at + header.checksum_bytes();
    let checksum = bytes.get(blocks.at..end)?;
    let sound = (checksum.is_empty() || checksum == XxHash32::oneshot(0, content).to_le_bytes())
        && header.content_size.is_none_or(|announced| announced == size as u64)
        && size_max <= out.len();
    sound.then_some(Decoded { end, size })
}

enum Start {
    /// A skippable frame, and where it ends.
    Skip(usize),
    Frame(Header),
}

struct Header {
    blocks_at: usize,
    block_max: usize,
    linked: bool,
    block_checksums: bool,
    content_checksum: bool,
    content_size: Option<u64>,
}

impl Header {
    fn read(bytes: &[u8], start: usize) -> Result<Start, Fault> {
        let head = &bytes[start..];
        if head.len() < 8 {
            return Err(Fault::BAD_LZ4);
        }
        let magic = uint32(bytes, start);
        if magic & 0xffff_fff0 == SKIPPABLE_MAGIC {
            let end = start + 8 + uint32(bytes, start + 4) as usize;
            return if end > bytes.len() { Err(Fault::BAD_LZ4) } else { Ok(Start::Skip(end)) };
        }
        let (flags, sizes) = (head[4], head[5]);
        let size_code = sizes >> 4 & 7;
        // Version 01; the reserved bits and the sizes 0 to 3 do not exist.
        if magic != MAGIC || flags >> 6 != 1 || flags & 0x02 != 0 || sizes & 0x8f != 0 || size_code < 4 {
            return Err(Fault::BAD_LZ4);
        }
        if flags & 0x01 != 0 {
            return Err(Fault::DICTIONARY);
        }
        let has_size = flags & 0x08 != 0;
        let blocks_at = start + if has_size { 15 } else { 7 };
        if blocks_at > bytes.len() {
            return Err(Fault::BAD_LZ4);
        }
        Ok(Start::Frame(Header {
            blocks_at,
            block_max: 1 << (8 + 2 * size_code),
            linked: flags & 0x20 == 0,
            block_checksums: flags & 0x10 != 0,
            content_checksum: flags & 0x04 != 0,
            content_size: has_size.then(|| u64::from_le_bytes(head[6..14].try_into().unwrap())),
        }))
    }

    fn checksum_bytes(&self) -> usize {
        if self.content_checksum { 4 } else { 0 }
    }

    fn checksum_is_right(&self, bytes: &[u8], start: usize) -> bool {
        let last = self.blocks_at - 1;
        (XxHash32::oneshot(0, &bytes[start + 4..last]) >> 8) as u8 == bytes[last]
    }
}

struct Block<'a> {
    bytes: &'a [u8],
    stored: bool,
    checksum: Option<u32>,
    /// Blocks of 64 KiB in the middle are full, or nearly; a small last one, larger ones, and those under an announced
    /// size are counted.
    exact: bool,
}

struct Blocks<'a> {
    bytes: &'a [u8],
    header: &'a Header,
    at: usize,
}

impl<'a> Blocks<'a> {
    /// The next block, or none at the end mark, which is then behind.
    fn next(&mut self) -> Result<Option<Block<'a>>, Fault> {
        let Header { block_max, block_checksums, content_size, .. } = *self.header;
        if self.at + 4 > self.bytes.len() {
            return Err(Fault::BAD_LZ4);
        }
        let word = uint32(self.bytes, self.at);
        self.at += 4;
        if word == 0 {
            return Ok(None);
        }
        let size = (word & !STORED) as usize;
        let end = self.at + size;
        let next = end + if block_checksums { 4 } else { 0 };
        let stored = word & STORED != 0;
        // An empty block would end the frame for lz4-napi, silently; nobody writes one.
        if next > self.bytes.len() || size > block_max || size < if stored { 1 } else { 2 } {
            return Err(Fault::BAD_LZ4);
        }
        let is_last = next + 4 <= self.bytes.len() && uint32(self.bytes, next) == 0;
        let block = Block {
            bytes: &self.bytes[self.at..end],
            stored,
            checksum: block_checksums.then(|| uint32(self.bytes, end)),
            exact: block_max > 0x10000 || content_size.is_some() || (is_last && size <= COUNTED_BYTES_MAX),
        };
        self.at = next;
        Ok(Some(block))
    }
}

/// What one compressed block holds, by its lengths alone; none when they pass its end.
fn block_bytes(block: &[u8]) -> Option<usize> {
    let end = block.len();
    let mut at = 0;
    let mut total = 0;
    while at < end {
        let token = block[at];
        at += 1;
        let mut literals = (token >> 4) as usize;
        if literals == 15 {
            literals += extension(block, &mut at);
        }
        at += literals;
        total += literals;
        if at >= end {
            return (at == end).then_some(total);
        }
        at += 2;
        let mut length = (token & 15) as usize;
        if length == 15 {
            length += extension(block, &mut at);
        }
        total += length + 4;
    }
    // A block ends with literals, never with a match.
    None
}

/// The bytes that lengthen a length: 255 means that one more follows.
fn extension(block: &[u8], at: &mut usize) -> usize {
    let mut sum = 0;
    while let Some(&byte) = block.get(*at) {
        *at += 1;
        sum += byte as usize;
        if byte != 255 {
            break;
        }
    }
    sum
}

fn uint32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}
