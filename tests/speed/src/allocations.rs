//! Counts allocations. While nobody asks it costs one load for each, so that what the peers allocate is not made dearer.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::case::Case;
use crate::sample::Stage;

static COUNTING: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

/// The allocator of the system, that counts when asked to.
#[derive(Debug)]
pub struct Counting;

// SAFETY: each method is the system's own.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if COUNTING.load(Ordering::Relaxed) {
            ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
            BYTES.fetch_add(layout.size() as u64, Ordering::Relaxed);
        }
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(at, layout) }
    }
}

/// What a call allocates.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allocated {
    pub times: f64,
    pub bytes: f64,
}

const FEW: u64 = 1_000;
const MANY: u64 = 11_000;

/// What one call allocates: the slope, without what a runtime and a task cost.
#[must_use]
pub fn by_call(stage: &Stage, case: &Case) -> Allocated {
    let counted = |calls| {
        ALLOCATIONS.store(0, Ordering::Relaxed);
        BYTES.store(0, Ordering::Relaxed);
        COUNTING.store(true, Ordering::Relaxed);
        let _ = stage.sample(case, calls, 1);
        COUNTING.store(false, Ordering::Relaxed);
        let bytes = BYTES.load(Ordering::Relaxed);
        (ALLOCATIONS.load(Ordering::Relaxed) as f64, bytes as f64)
    };
    let ((few, few_bytes), (many, many_bytes)) = (counted(FEW), counted(MANY));
    let calls = (MANY - FEW) as f64;
    Allocated {
        times: (many - few) / calls,
        bytes: (many_bytes - few_bytes) / calls,
    }
}
