//! The native batch kernel of millrace. See src/record/kernel.ts for the contract and native-kernel.ts for the caller.
//!
//! One instance serves one thread. It knows the memories that batches lie in by number, so that a batch costs one call
//! without arguments: the numbers of the job are in a Float64Array that both sides hold.

mod decoder;
mod fault;
mod gzip;
mod header;
mod index;
mod lz4;
mod snappy;
mod view;
mod zstd;

use decoder::{Decoder, Order};
use fault::Refusal;
use napi::bindgen_prelude::Float64Array;
use napi::{Env, Result, sys};
use napi_derive::napi;
use std::panic::{AssertUnwindSafe, catch_unwind};
use view::View;

/// Where the numbers of a job lie: the same as `Slot` in native-kernel.ts.
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

/// What this addon and native-addon.ts must agree on: raised with every change of the job, the faults or the calls.
const CONTRACT: u32 = 1;

/// The contract that this addon was built for.
#[napi]
pub fn contract() -> u32 {
    CONTRACT
}

struct Attached {
    view: View,
    reference: sys::napi_ref,
}

#[napi]
pub struct NativeKernel {
    env: sys::napi_env,
    job: Float64Array,
    attached: Vec<Option<Attached>>,
    decoder: Decoder,
}

#[napi]
impl NativeKernel {
    /// Takes the array that the numbers of each job will be in.
    #[napi(constructor)]
    pub fn new(env: Env, job: Float64Array) -> Result<Self> {
        if job.len() < slot::SLOTS {
            return Err(napi::Error::from_reason("the job of the native kernel is too short"));
        }
        Ok(NativeKernel { env: env.raw(), job, attached: Vec::new(), decoder: Decoder::default() })
    }

    /// Keeps the array, over a SharedArrayBuffer, and returns its number.
    #[napi]
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
    #[napi]
    pub fn detach(&mut self, number: u32) {
        if let Some(Attached { reference, .. }) = self.attached.get_mut(number as usize).and_then(Option::take) {
            view::release(self.env, reference);
        }
    }

    /// `measure` of the contract, on attached memory.
    #[napi]
    pub fn measure(&self) -> f64 {
        self.view(slot::RAW).map_or(MISUSE as f64, |raw| self.measure_in(raw))
    }

    /// `measure` of the contract, on memory for this call.
    #[napi]
    pub fn measure_in(&self, raw: View) -> f64 {
        let verdict = catch_unwind(AssertUnwindSafe(|| {
            // SAFETY: JavaScript holds the array, and its bytes belong to this thread for the call.
            let bytes = unsafe { raw.as_bytes() }.ok_or(Refusal::Misuse)?;
            decoder::measure(bytes, self.size(slot::AT)?, self.job[slot::SIZE] as i64, self.size(slot::LIMIT)? as u64)
        }));
        match verdict {
            Ok(Ok(bound)) => bound as f64,
            Ok(Err(Refusal::Fault(fault))) => -(fault as i32) as f64,
            Ok(Err(Refusal::Misuse)) => MISUSE as f64,
            Ok(Err(Refusal::SecondOpinion)) | Err(_) => SECOND_OPINION as f64,
        }
    }

    /// `decode` of the contract, on attached memory.
    #[napi]
    pub fn decode(&mut self) -> i32 {
        match (self.view(slot::RAW), self.view(slot::OUT), self.view(slot::INDEX)) {
            (Some(raw), Some(out), Some(index)) => self.decode_in(raw, out, index),
            _ => MISUSE,
        }
    }

    /// `decode` of the contract, on memory for this call.
    #[napi]
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
            size: self.job[slot::SIZE] as i64,
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
        // SAFETY: the array is ours, and JavaScript waits for this call.
        let job = unsafe { self.job.as_mut() };
        job[slot::RECORDS_BYTES] = decoded.records_bytes as f64;
        job[slot::COUNT] = decoded.count as f64;
        Ok(())
    }

    fn view(&self, slot: usize) -> Option<View> {
        self.attached.get(self.size(slot).ok()?)?.as_ref().map(|attached| attached.view)
    }

    fn size(&self, slot: usize) -> std::result::Result<usize, Refusal> {
        let number = self.job[slot];
        if (0.0..=SIZE_MAX).contains(&number) { Ok(number as usize) } else { Err(Refusal::Misuse) }
    }
}

impl Drop for NativeKernel {
    fn drop(&mut self) {
        for Attached { reference, .. } in self.attached.drain(..).flatten() {
            view::release(self.env, reference);
        }
    }
}

fn apart(one: &std::ops::Range<*const u8>, other: &std::ops::Range<*const u8>) -> bool {
    one.is_empty() || other.is_empty() || one.end <= other.start || other.end <= one.start
}
