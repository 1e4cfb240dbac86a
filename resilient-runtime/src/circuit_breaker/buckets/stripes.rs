//! Words that threads write without getting in each other's way.

use std::array;
use std::iter;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering::*};

/// A set of words, or, once they are spread, several such sets, where each thread writes in one of its own. What is
/// meant is the sum over all sets. This is how LongAdder of Java goes about it.
///
/// Threads have numbers, in the order in which they first write; those whose numbers are [`SETS`] apart share a set.
/// The first set is then only read, so that no write takes away the line on which the way to the others stands.
#[derive(Debug)]
pub(super) struct Stripes<const N: usize> {
    first: [AtomicU64; N],
    others: OnceLock<Box<[Aligned<N>; SETS]>>,
    /// One bit for each of the others that is in use. `SeqCst`, as the words are, so that it is in one order with them:
    /// who writes in another set has seen its bit, and who reads the sets after that sees it as well.
    used: AtomicU8,
}

/// Two lines, for processors fetch them in pairs.
#[repr(align(128))]
#[derive(Debug)]
struct Aligned<const N: usize>([AtomicU64; N]);

const SETS: usize = u8::BITS as usize;

static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static THREAD: usize = THREADS.fetch_add(1, Relaxed);
}

/// The set of this thread among the others.
#[inline]
fn number() -> usize {
    THREAD.with(|thread| thread % SETS)
}

impl<const N: usize> Stripes<N> {
    pub(super) const fn new() -> Self {
        Stripes {
            first: [const { AtomicU64::new(0) }; N],
            others: OnceLock::new(),
            used: AtomicU8::new(0),
        }
    }

    /// The set that is always there.
    pub(super) fn first(&self) -> &[AtomicU64; N] {
        &self.first
    }

    /// The set that this thread is to write in.
    #[inline]
    pub(super) fn mine(&self) -> &[AtomicU64; N] {
        let used = self.used.load(SeqCst);
        if used == 0 {
            return &self.first;
        }
        let Some(others) = self.others.get() else {
            return &self.first;
        };
        let number = number();
        if used & (1 << number) == 0 {
            self.used.fetch_or(1 << number, SeqCst);
        }
        &others[number].0
    }

    /// Shows every set in which anything was ever written.
    #[inline]
    pub(super) fn see(&self, mut look: impl FnMut(&[AtomicU64; N])) {
        let mut used = self.used.load(SeqCst);
        look(&self.first);
        while let (1.., Some(others)) = (used, self.others.get()) {
            look(&others[used.trailing_zeros() as usize].0);
            used &= used - 1;
        }
    }

    /// Every word of every set, also of those that nobody uses yet.
    pub(super) fn all(&self) -> impl Iterator<Item = &AtomicU64> {
        let others = self.others.get().into_iter();
        let others = others.flat_map(|sets| sets.iter().map(|set| &set.0));
        iter::once(&self.first).chain(others).flatten()
    }

    /// Whether threads have sets of their own.
    pub(super) fn are_spread(&self) -> bool {
        self.used.load(SeqCst) != 0
    }

    /// Gives each thread a set of its own, full of that word. Where they have one it does nothing.
    pub(super) fn spread(&self, word: u64) {
        let set = |_| Aligned(array::from_fn(|_| AtomicU64::new(word)));
        self.others.get_or_init(|| Box::new(array::from_fn(set)));
        self.used.fetch_or(1 << number(), SeqCst);
    }
}
