//! The kernel of one thread: a job in numbers, the memories it names, a verdict.

use crate::decoder::{self, Decoder, Order};
use crate::fault::Refusal;
use crate::index;
use crate::view::{self, View};
use napi::{Result, sys};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

/// Where the numbers of a job lie: the same as `JobSlot` in native-kernel.ts.
mod slot {
    pub const RAW: usize = 0;
    pub const AT: usize = 1;
    pub const SIZE: usize = 2;
    pub const FLAGS: usize = 3;
    pub const OUT: usize = 4;
    pub const OUT_AT: usize = 5;
    pub const OUT_CAPACITY: usize = 6;
    pub const INDEX: usize = 7;
    pub const INDEX_AT: usize = 8;
    pub const INDEX_CAPACITY: usize = 9;
    pub const LIMIT: usize = 10;
    pub const RECORDS_BYTES: usize = 11;
    pub const COUNT: usize = 12;
    pub const SLOTS: usize = 13;
}
const CHECK_CRCS: usize = 1;
const DELIVER: usize = 2;

/// The TypeScript kernel must decide.
const SECOND_OPINION: i32 = -1000;
/// The job does not fit its memory.
const MISUSE: i32 = -1001;

/// Offsets and sizes beyond this are no sizes.
const SIZE_MAX: f64 = (1u64 << 53) as f64;

struct Attached {
    view: View,
    reference: sys::napi_ref,
}

/// One instance serves one thread.
pub struct NativeKernel {
    env: sys::napi_env,
    job: NonNull<[f64; slot::SLOTS]>,
    job_reference: sys::napi_ref,
    attached: Vec<Option<Attached>>,
    decoder: Decoder,
}

impl NativeKernel {
    /// Takes the array that the numbers of each job will be in.
    pub fn new(env: sys::napi_env, job: View) -> Result<Self> {
        let numbers =
            job.numbers().ok_or_else(|| napi::Error::from_reason("the native kernel has no room for a job"))?;
        let job_reference = job.retain(env)?;
        Ok(NativeKernel { env, job: numbers, job_reference, attached: Vec::new(), decoder: Decoder::default() })
    }

    /// Keeps the array, over a SharedArrayBuffer, and returns its number.
    pub fn attach(&mut self, view: View) -> Result<u32> {
        let reference = view.retain(self.env)?;
        let free = self.attached.iter().position(Option::is_none);
        let number = free.unwrap_or_else(|| {
            self.attached.push(None);
            self.attached.len() - 1
        });
        self.attached[number] = Some(Attached { view, reference });
        Ok(number as u32)
    }

    /// Forgets the array of that number.
    pub fn detach(&mut self, number: u32) {
        if let Some(Attached { reference, .. }) = self.attached.get_mut(number as usize).and_then(Option::take) {
            view::release(self.env, reference);
        }
    }

    /// `measure` of the contract, on attached memory.
    pub fn measure(&self) -> f64 {
        self.view(slot::RAW).map_or(MISUSE as f64, |raw| self.measure_in(raw))
    }

    /// `measure` of the contract, on memory for this call.
    pub fn measure_in(&self, raw: View) -> f64 {
        let verdict = catch_unwind(AssertUnwindSafe(|| {
            // SAFETY: JavaScript holds the array, and its bytes belong to this thread for the call.
            let bytes = unsafe { raw.as_bytes() }.ok_or(Refusal::Misuse)?;
            decoder::measure(
                bytes,
                self.size(slot::AT)?,
                self.number(slot::SIZE) as i64,
                self.size(slot::LIMIT)? as u64,
            )
        }));
        match verdict {
            Ok(Ok(bound)) => bound as f64,
            Ok(Err(Refusal::Fault(fault))) => -(fault as i32) as f64,
            Ok(Err(Refusal::Misuse)) => MISUSE as f64,
            Ok(Err(Refusal::SecondOpinion)) | Err(_) => SECOND_OPINION as f64,
        }
    }

    /// `decode` of the contract, on attached memory.
    pub fn decode(&mut self) -> i32 {
        match (self.view(slot::RAW), self.view(slot::OUT), self.view(slot::INDEX)) {
            (Some(raw), Some(out), Some(index)) => self.decode_in(raw, out, index),
            _ => MISUSE,
        }
    }

    /// `decode` of the contract, on memory for this call.
    pub fn decode_in(&mut self, raw: View, out: View, index: View) -> i32 {
        match catch_unwind(AssertUnwindSafe(|| self.run(raw, out, index))) {
            Ok(Ok(())) => 0,
            Ok(Err(Refusal::Fault(fault))) => fault as i32,
            Ok(Err(Refusal::Misuse)) => MISUSE,
            Ok(Err(Refusal::SecondOpinion)) => SECOND_OPINION,
            Err(_) => {
                // A context that was left in the middle is not used again.
                self.decoder = Decoder::default();
                SECOND_OPINION
            }
        }
    }

    fn run(&mut self, raw: View, out: View, index: View) -> std::result::Result<(), Refusal> {
        let flags = self.size(slot::FLAGS)?;
        // SAFETY: JavaScript holds the array. The batch belongs to this thread until it is released, and what is
        // written lies elsewhere: checked below.
        let raw = unsafe { raw.as_bytes() }.ok_or(Refusal::Misuse)?;
        let order = Order {
            raw,
            at: self.size(slot::AT)?,
            size: self.number(slot::SIZE) as i64,
            check_crcs: flags & CHECK_CRCS != 0,
            deliver: flags & DELIVER != 0,
        };
        let (out_at, out_capacity) = (self.size(slot::OUT_AT)?, self.size(slot::OUT_CAPACITY)?);
        let (index_at, index_capacity) = (self.size(slot::INDEX_AT)?, self.size(slot::INDEX_CAPACITY)?);
        let batch = order.range();
        let written = out.range(out_at, out_capacity);
        let decoded = self.decoder.decode(
            order,
            || {
                apart(&batch, written.as_ref()?).then_some(())?;
                // SAFETY: the array is held, and the range is apart from the batch.
                unsafe { out.bytes_mut(out_at, out_capacity) }
            },
            |rows| {
                let words = rows * index::WORDS_PER_RECORD;
                let range = index.range(index_at.checked_mul(4)?, words * 4)?;
                let free = apart(&batch, &range) && written.as_ref().is_none_or(|out| apart(out, &range));
                (free && words <= index_capacity).then_some(())?;
                // SAFETY: the array is held, and the range is apart from the batch and from the output.
                unsafe { index.rows_mut(index_at, rows) }
            },
        )?;
        self.tell(slot::RECORDS_BYTES, decoded.records_bytes);
        self.tell(slot::COUNT, decoded.count);
        Ok(())
    }

    fn view(&self, slot: usize) -> Option<View> {
        self.attached.get(self.size(slot).ok()?)?.as_ref().map(|attached| attached.view)
    }

    fn number(&self, slot: usize) -> f64 {
        // SAFETY: the array is kept, and no other thread has it.
        unsafe { self.job.as_ref()[slot] }
    }

    fn tell(&mut self, slot: usize, number: usize) {
        // SAFETY: as above.
        unsafe { self.job.as_mut()[slot] = number as f64 }
    }

    fn size(&self, slot: usize) -> std::result::Result<usize, Refusal> {
        let number = self.number(slot);
        if (0.0..=SIZE_MAX).contains(&number) { Ok(number as usize) } else { Err(Refusal::Misuse) }
    }
}

impl Drop for NativeKernel {
    fn drop(&mut self) {
        for Attached { reference, .. } in self.attached.drain(..).flatten() {
            view::release(self.env, reference);
        }
        view::release(self.env, self.job_reference);
    }
}

fn apart(one: &std::ops::Range<*const u8>, other: &std::ops::Range<*const u8>) -> bool {
    one.is_empty() || other.is_empty() || one.end <= other.start || other.end <= one.start
}
