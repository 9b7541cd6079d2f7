//! The native batch kernel of millrace. See src/record/kernel.ts for the contract and native-kernel.ts for the caller.
//!
//! One instance serves one thread. It knows the memories that batches lie in by number, so that a batch costs one call
//! without arguments: the numbers of the job are in a Float64Array that both sides hold.

mod compress;
mod decoder;
mod fault;
mod gzip;
mod handle;
mod header;
mod index;
mod kernel;
mod lz4;
mod snappy;
mod view;
mod zstd;

use handle::{Handle, Opened};
use kernel::NativeKernel;
use napi::{Env, Result};
use napi_derive::napi;
use view::View;

/// What this addon and native-addon.ts must agree on: raised with every change of the job, the faults or the calls.
const CONTRACT: u32 = 3;

// Functions, not methods of a class: they are called for every batch, and a method costs 200 ns more.

/// The contract that this addon was built for.
#[napi]
pub fn contract() -> u32 {
    CONTRACT
}

/// Makes a kernel that takes its jobs from this Float64Array over shared memory.
#[napi]
pub fn open(env: Env, job: View) -> Result<Opened> {
    NativeKernel::new(env.raw(), job).map(Opened)
}

/// Keeps the array, over a SharedArrayBuffer, and returns its number.
#[napi]
pub fn attach(kernel: Handle, memory: View) -> Result<u32> {
    kernel.borrow_mut().attach(memory)
}

/// Forgets the array of that number.
#[napi]
pub fn detach(kernel: Handle, number: u32) {
    kernel.borrow_mut().detach(number)
}

/// `measure` of the contract, on attached memory.
#[napi]
pub fn measure(kernel: Handle) -> f64 {
    kernel.borrow().measure()
}

/// `measure` of the contract, on memory for this call.
#[napi]
pub fn measure_in(kernel: Handle, raw: View) -> f64 {
    kernel.borrow().measure_in(raw)
}

/// `decode` of the contract, on attached memory.
#[napi]
pub fn decode(kernel: Handle) -> i32 {
    kernel.borrow_mut().decode()
}

/// `decode` of the contract, on memory for this call.
#[napi]
pub fn decode_in(kernel: Handle, raw: View, out: View, index: View) -> i32 {
    kernel.borrow_mut().decode_in(raw, out, index)
}

/// Compresses the batch in these pieces of the memory in place: as src/record/compress-pieces.ts says.
#[napi]
pub fn compress(memory: View, pieces: View, count: u32, codec: u32, level: i32) -> i32 {
    compress::compress(&memory, &pieces, count as usize, codec, level)
}
