//! gzip (RFC 1952) by libdeflate, which decodes whole members about twice as fast as a streaming inflate.
//!
//! Its verdict counts only when it is good. What it refuses is judged by node:zlib, by way of the TypeScript kernel:
//! the two find the faults of a damaged stream in different orders, and the name of a fault must not depend on that.

use crate::fault::{Fault, Refusal};
use libdeflate_sys as sys;
use memchr::memmem;
use std::ptr::NonNull;

const MEMBER_START: [u8; 3] = [0x1f, 0x8b, 0x08];
/// Header (10), the shortest deflate stream (2), CRC and size (8).
const MEMBER_BYTES_MIN: usize = 20;
/// Deflate's best: 258 bytes from two bits, rounded up.
const RATIO_MAX: u64 = 1032;
/// The three upper bits of the flags byte are reserved and zero.
const RESERVED_FLAGS: u8 = 0xe0;
/// A check sum over the header, which node:zlib verifies and libdeflate does not.
const HEADER_CHECKSUM_FLAG: u8 = 0x02;

/// An upper bound of what the members decompress to, found without decompressing.
pub fn measure(bytes: &[u8], limit: u64) -> Result<u64, Fault> {
    let end = bytes.len();
    if !is_member(bytes) {
        return Err(Fault::BAD_GZIP);
    }
    let mut bound = 0;
    let mut members = 0;
    // Each member ends with its size. What looks like the start of another member may be chance; counting its "size"
    // only raises the bound. The cap keeps a lie from reserving memory, and counts from the start: a member split by
    // chance ends with the size of the whole.
    let mut next = 0;
    while next < end {
        next = next_member(bytes, next);
        let announced = size_before(bytes, next);
        let possible = next as u64 * RATIO_MAX;
        if announced > possible && members == 0 && next == end {
            return Err(Fault::BAD_GZIP);
        }
        bound += announced.min(possible);
        members += 1;
    }
    match bound {
        _ if bound <= limit => Ok(bound),
        // Only a size that stands alone is sure; with several, the truth may still be below the limit.
        _ if members == 1 => Err(Fault::DECOMPRESSED_TOO_LARGE),
        _ => Ok(limit),
    }
}

/// A decompressor, made once and used for every batch.
pub struct Gzip(NonNull<sys::libdeflate_decompressor>);

impl Gzip {
    pub fn new() -> Option<Self> {
        // SAFETY: it takes nothing and returns null or a decompressor.
        NonNull::new(unsafe { sys::libdeflate_alloc_decompressor() }).map(Gzip)
    }

    /// Decompresses all members; returns how many bytes they made.
    pub fn decompress(&mut self, bytes: &[u8], out: &mut [u8]) -> Result<usize, Refusal> {
        let mut written = 0;
        let mut rest = bytes;
        // As node:zlib does: after a member, a zero byte and all that follows it is padding.
        while written == 0 && rest.len() == bytes.len() || rest.first().is_some_and(|byte| *byte != 0) {
            if rest.get(3).is_none_or(|flags| flags & HEADER_CHECKSUM_FLAG != 0) {
                return Err(Refusal::SecondOpinion);
            }
            let room = &mut out[written..];
            let (mut taken, mut made) = (0, 0);
            // SAFETY: both ranges are those of live slices, and the decompressor is ours alone.
            let result = unsafe {
                sys::libdeflate_gzip_decompress_ex(
                    self.0.as_ptr(),
                    rest.as_ptr().cast(),
                    rest.len(),
                    room.as_mut_ptr().cast(),
                    room.len(),
                    &mut taken,
                    &mut made,
                )
            };
            if result != sys::libdeflate_result_LIBDEFLATE_SUCCESS {
                return Err(Refusal::SecondOpinion);
            }
            rest = &rest[taken..];
            written += made;
        }
        Ok(written)
    }
}

impl Drop for Gzip {
    fn drop(&mut self) {
        // SAFETY: it was allocated in `new` and is freed once.
        unsafe { sys::libdeflate_free_decompressor(self.0.as_ptr()) }
    }
}

fn is_member(bytes: &[u8]) -> bool {
    bytes.len() >= MEMBER_BYTES_MIN && bytes.starts_with(&MEMBER_START) && bytes[3] & RESERVED_FLAGS == 0
}

/// Where the next member may start, or the end.
fn next_member(bytes: &[u8], member_start: usize) -> usize {
    let mut at = member_start + MEMBER_BYTES_MIN;
    while let Some(found) = bytes.get(at..).and_then(|rest| memmem::find(rest, &MEMBER_START)) {
        at += found;
        if is_member(&bytes[at..]) {
            return at;
        }
        at += 1;
    }
    bytes.len()
}

fn size_before(bytes: &[u8], end: usize) -> u64 {
    u32::from_le_bytes(bytes[end - 4..end].try_into().unwrap()) as u64
}
