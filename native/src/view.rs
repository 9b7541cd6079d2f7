//! Typed arrays of JavaScript as ranges of memory, most of them over SharedArrayBuffers.

use napi::bindgen_prelude::{FromNapiValue, TypeName, ValidateNapiValue};
use napi::{Result, Status, ValueType, check_status, sys};
use std::ops::Range;
use std::ptr::{self, NonNull};
use std::slice;

/// What the array holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bytes,
    Words,
    Numbers,
}

/// The memory of a Uint8Array, an Int32Array or a Float64Array. It stays where it is while JavaScript can reach the array: a shared
/// buffer never moves, shrinks or is detached, and any other is used only during the call it was passed to.
#[derive(Clone, Copy)]
pub struct View {
    start: *mut u8,
    bytes: usize,
    kind: Kind,
    value: sys::napi_value,
}

impl View {
    /// The bytes of a Uint8Array.
    ///
    /// # Safety
    /// The array is alive, and nobody writes to it while the slice is.
    pub unsafe fn as_bytes<'a>(&self) -> Option<&'a [u8]> {
        // SAFETY: Node-API gave start and length; an empty array may have no memory.
        (self.kind == Kind::Bytes)
            .then(|| if self.bytes == 0 { &[] } else { unsafe { slice::from_raw_parts(self.start, self.bytes) } })
    }

    /// Where these bytes of the array lie, if they are all inside.
    pub fn range(&self, at: usize, length: usize) -> Option<Range<*const u8>> {
        let end = at.checked_add(length)?;
        let start = self.start.cast_const();
        (end <= self.bytes).then(|| start.wrapping_add(at)..start.wrapping_add(end))
    }

    /// Bytes of a Uint8Array to write to, if they are all inside.
    ///
    /// # Safety
    /// The array is alive, and nobody else reads or writes this range while the slice is.
    pub unsafe fn bytes_mut<'a>(&self, at: usize, length: usize) -> Option<&'a mut [u8]> {
        if self.kind != Kind::Bytes || at.checked_add(length)? > self.bytes {
            return None;
        }
        // SAFETY: the range is inside of the array.
        Some(if length == 0 { &mut [] } else { unsafe { slice::from_raw_parts_mut(self.start.add(at), length) } })
    }

    /// Rows of N words of an Int32Array to write to, if they are all inside.
    ///
    /// # Safety
    /// As for `bytes_mut`.
    pub unsafe fn rows_mut<'a, const N: usize>(&self, at: usize, rows: usize) -> Option<&'a mut [[i32; N]]> {
        let words = rows.checked_mul(N)?;
        if self.kind != Kind::Words || at.checked_add(words)? > self.bytes / 4 {
            return None;
        }
        // SAFETY: the range is inside of the array, whose start is aligned to its words.
        Some(if rows == 0 {
            &mut []
        } else {
            unsafe { slice::from_raw_parts_mut(self.start.add(at * 4).cast(), rows) }
        })
    }

    /// The first N numbers of a Float64Array, if it has as many.
    pub fn numbers<const N: usize>(&self) -> Option<NonNull<[f64; N]>> {
        let numbers = (self.kind == Kind::Numbers && self.bytes >= N * 8).then_some(self.start)?;
        NonNull::new(numbers.cast())
    }

    /// Makes JavaScript keep the array until `release`.
    pub fn retain(&self, env: sys::napi_env) -> Result<sys::napi_ref> {
        let mut reference = ptr::null_mut();
        // SAFETY: called while the array's handle is in scope.
        check_status!(unsafe { sys::napi_create_reference(env, self.value, 1, &mut reference) })?;
        Ok(reference)
    }
}

/// Undoes `retain`.
pub fn release(env: sys::napi_env, reference: sys::napi_ref) {
    // SAFETY: made by `retain` in the same environment, and given here once. A failure leaves nothing to be done.
    unsafe { sys::napi_delete_reference(env, reference) };
}

impl TypeName for View {
    fn type_name() -> &'static str {
        "Uint8Array, Int32Array or Float64Array"
    }

    fn value_type() -> ValueType {
        ValueType::Object
    }
}

impl ValidateNapiValue for View {}

impl FromNapiValue for View {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        let mut kind = 0;
        let mut length = 0;
        let mut start = ptr::null_mut();
        let (mut buffer, mut offset) = (ptr::null_mut(), 0);
        // SAFETY: Node-API refuses what is no typed array, and writes only to these places.
        let status = unsafe {
            sys::napi_get_typedarray_info(env, value, &mut kind, &mut length, &mut start, &mut buffer, &mut offset)
        };
        check_status!(status, "the native kernel takes typed arrays")?;
        let (kind, size) = match kind {
            sys::TypedarrayType::uint8_array => (Kind::Bytes, 1),
            sys::TypedarrayType::int32_array => (Kind::Words, 4),
            sys::TypedarrayType::float64_array => (Kind::Numbers, 8),
            _ => return Err(napi::Error::new(Status::InvalidArg, "the native kernel does not know such arrays")),
        };
        Ok(View { start: start.cast(), bytes: length * size, kind, value })
    }
}
