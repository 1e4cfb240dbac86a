//! Words that threads write without getting in each other's way.

use std::array;
use std::iter;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::*};

/// A set of words; once two threads have met in it, several such sets, and each thread writes in one of its own.
/// What is meant is the sum over all sets. This is how LongAdder of Java goes about it.
///
/// Threads have numbers, in the order in which they first write; those whose numbers are [`SETS`] apart share a set.
/// The first set is then only read, so that no write takes away the line on which the way to the others stands.
#[derive(Debug)]
pub(super) struct Stripes<const N: usize> {
    first: [AtomicU64; N],
    others: OnceLock<Box<[Aligned<N>; SETS]>>,
    /// Whether there are others. `SeqCst`, as the words are, so that it is in one order with them: who writes in
    /// another set has seen it set, and who reads all sets after that sees it as well.
    spread: AtomicBool,
}

/// Two lines, for processors fetch them in pairs.
#[repr(align(128))]
#[derive(Debug)]
struct Aligned<const N: usize>([AtomicU64; N]);

const SETS: usize = 8;

static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static THREAD: usize = THREADS.fetch_add(1, Relaxed);
}

impl<const N: usize> Stripes<N> {
    pub(super) const fn new() -> Self {
        Stripes {
            first: [const { AtomicU64::new(0) }; N],
            others: OnceLock::new(),
            spread: AtomicBool::new(false),
        }
    }

    /// The set that is always there.
    pub(super) fn first(&self) -> &[AtomicU64; N] {
        &self.first
    }

    /// The set that this thread is to write in.
    #[inline]
    pub(super) fn mine(&self) -> &[AtomicU64; N] {
        match self.others() {
            None => &self.first,
            Some(others) => &others[THREAD.with(|thread| thread % SETS)].0,
        }
    }

    /// Every word of every set, with its place in the set.
    pub(super) fn all(&self) -> impl Iterator<Item = (usize, &AtomicU64)> {
        let others = self.others().into_iter().flatten().map(|set| &set.0);
        iter::once(&self.first)
            .chain(others)
            .flat_map(|set| set.iter().enumerate())
    }

    /// Whether each thread has a set of its own.
    pub(super) fn are_spread(&self) -> bool {
        self.spread.load(SeqCst)
    }

    /// Gives each thread a set of its own, full of that word. Once they have one it does nothing.
    pub(super) fn spread(&self, word: u64) {
        let set = |_| Aligned(array::from_fn(|_| AtomicU64::new(word)));
        self.others.get_or_init(|| Box::new(array::from_fn(set)));
        self.spread.store(true, SeqCst);
    }

    #[inline]
    fn others(&self) -> Option<&[Aligned<N>; SETS]> {
        if !self.are_spread() {
            return None;
        }
        self.others.get().map(|others| &**others)
    }
}
