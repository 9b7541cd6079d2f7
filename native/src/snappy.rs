//! snappy, raw and in the framing of the Java library (xerial), which Kafka's own client writes.
//!
//! Framed: 82 'SNAPPY' 00 · version int32 · compatible version int32 · (length int32 · raw snappy)*; all big-endian. A
//! stream may be followed by another one with its own header.

use crate::fault::Fault;
use snap::raw::Decoder;

const FRAMED: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
const FRAME_HEADER_BYTES: usize = 16;
/// The best a snappy element does is 64 bytes from three.
const RATIO_MAX: u64 = 22;

/// An upper bound of what the chunks decompress to, found without decompressing.
pub fn measure(bytes: &[u8], limit: u64) -> Result<u64, Fault> {
    let mut total = 0;
    for chunk in Chunks::of(bytes) {
        total += announced_bytes(chunk?)?;
        if total > limit {
            return Err(Fault::DECOMPRESSED_TOO_LARGE);
        }
    }
    Ok(total)
}

/// Decompresses all chunks; returns how many bytes they made.
pub fn decompress(decoder: &mut Decoder, bytes: &[u8], out: &mut [u8]) -> Result<usize, Fault> {
    let mut written = 0;
    for chunk in Chunks::of(bytes) {
        let chunk = chunk?;
        let announced = announced_bytes(chunk)?;
        let room = &mut out[written..];
        if announced > room.len() as u64 {
            return Err(Fault::MORE_THAN_ANNOUNCED);
        }
        let size = decoder.decompress(chunk, room).map_err(|_| Fault::BAD_SNAPPY)?;
        if size as u64 != announced {
            return Err(Fault::BAD_SNAPPY);
        }
        written += size;
    }
    Ok(written)
}

/// The length that a raw block announces in its first bytes, if that many bytes can come from it.
fn announced_bytes(block: &[u8]) -> Result<u64, Fault> {
    let mut announced = 0;
    for (at, byte) in block.iter().take(5).enumerate() {
        announced += ((byte & 0x7f) as u64) << (7 * at);
        if *byte < 0x80 {
            let possible = (block.len() - at) as u64 * RATIO_MAX;
            return if announced > possible { Err(Fault::BAD_SNAPPY) } else { Ok(announced) };
        }
    }
    Err(Fault::BAD_SNAPPY)
}

/// The raw blocks: the chunks between the headers, or all of it when there is none.
struct Chunks<'a> {
    bytes: &'a [u8],
    at: usize,
    raw: bool,
}

impl<'a> Chunks<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        Chunks { bytes, at: 0, raw: !bytes.starts_with(&FRAMED) }
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Result<&'a [u8], Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.raw {
            self.raw = false;
            self.at = self.bytes.len();
            return Some(Ok(self.bytes));
        }
        while self.bytes[self.at..].starts_with(&FRAMED) {
            // Version 1 is all there ever was; the Java library refuses what says that it needs less.
            if self.bytes.len() - self.at < FRAME_HEADER_BYTES || int32(self.bytes, self.at + 12) < 1 {
                return Some(Err(Fault::BAD_SNAPPY));
            }
            self.at += FRAME_HEADER_BYTES;
        }
        let rest = self.bytes.len() - self.at;
        if rest == 0 {
            return None;
        }
        let length = if rest < 4 { 0 } else { int32(self.bytes, self.at) };
        if length < 1 || length as usize > rest - 4 {
            return Some(Err(Fault::BAD_SNAPPY));
        }
        let start = self.at + 4;
        self.at = start + length as usize;
        Some(Ok(&self.bytes[start..self.at]))
    }
}

fn int32(bytes: &[u8], at: usize) -> i32 {
    i32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}
