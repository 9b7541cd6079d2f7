//! The faults of a batch, with the numbers of src/record/faults.ts, and the other ways a call can end.

/// Why a batch is refused. Each number is that of `Fault` in faults.ts; a test compares the two lists.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::upper_case_acronyms, non_camel_case_types)]
pub enum Fault {
    BATCH_TOO_SMALL = 1,
    BATCH_TRUNCATED = 2,
    UNSUPPORTED_MAGIC = 3,
    CRC_MISMATCH = 4,
    OFFSET_OUT_OF_RANGE = 5,
    NEGATIVE_COUNT = 6,
    COUNT_TOO_LARGE = 7,
    LAST_OFFSET_DELTA = 8,
    UNKNOWN_CODEC = 9,
    BAD_GZIP = 14,
    BAD_SNAPPY = 15,
    BAD_LZ4 = 16,
    BAD_ZSTD = 17,
    DICTIONARY = 18,
    ZSTD_WINDOW = 19,
    DECOMPRESSED_TOO_LARGE = 20,
    MORE_THAN_ANNOUNCED = 21,
    RECORD_TRUNCATED = 22,
    RECORD_LENGTH = 23,
    VARINT = 24,
    KEY_LENGTH = 25,
    VALUE_LENGTH = 26,
    HEADER_COUNT = 27,
    HEADER_LENGTH = 28,
    OFFSET_DELTA = 29,
    TRAILING_BYTES = 30,
}

/// Why a call ends without a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Fault(Fault),
    /// The TypeScript kernel must decide.
    SecondOpinion,
    /// The numbers of the job do not fit its memory: a programmer's error.
    Misuse,
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Refusal::Fault(fault)
    }
}
