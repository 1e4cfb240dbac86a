//! The last n calls, exactly.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::*};

use super::settings::Window;

/// Counts of exactly the last `n` calls, lock-free.
///
/// Instead of outcomes it keeps *running totals*: the head word says how many calls there were so far and how many
/// of them failed or were slow, and the slots hold what the head was at each of the last calls. What the window
/// holds is then the head minus the slot `n` calls back; nothing has to be taken out of any tally, so
/// none can ever drift. All counts wrap, their differences are exact:
///
/// ```text
/// bit 63..57   56     55..32     31..16   15..0
///     period   full   sequence   slow     failed
/// ```
///
/// - *period*: the low bits of the breaker's generation. A record of another period is late and is dropped.
/// - *full*: at least `n` calls were recorded in this period.
/// - *sequence*: the number of the last call.
///
/// A record is one compare-and-swap of the head. Before that, whoever does it makes sure that the head that
/// it replaces stands in its slot, and does it itself if the thread that should have was held up. So every sequence
/// number before the head's is in its slot, and no thread ever waits for another.
///
/// A success in a full window of clean successes would change nothing but the sequence number, so it need
/// not be recorded: [`is_clean`](Self::is_clean) reads two words and writes none. The second is the head at which the
/// window was last found to be clean: while that is the head, it still is.
///
/// Slots are allocated at first use, in a table of a power of two with room for one more than the window, so that the
/// slot `n` calls back is not reused while the head stands. Tables stay, each behind the one before it: a window that
/// changes back and forth allocates no more. 8 bytes a slot: 1 KiB for 100 calls, 512 KiB for the most.
///
/// Memory ordering: all words are read `Acquire` and written `AcqRel`; who sees a head sees every slot that was filled
/// before it.
#[derive(Debug)]
pub(crate) struct Ring {
    head: AtomicU64,
    /// A head with nothing bad in the window before it, or zero, which is never full.
    clean: AtomicU64,
    tables: Tables,
}

/// A table, if there is one, and those that other windows had before or after.
type Tables = OnceLock<Box<Table>>;

/// 2^4 to 2^16 slots.
#[derive(Debug)]
struct Table {
    slots: Box<[AtomicU64]>,
    next: Tables,
}

/// What the window holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) calls: u32,
    pub(crate) failed: u32,
    pub(crate) slow: u32,
}

const SMALLEST: usize = 1 << 4;
const SEQUENCE_MASK: u64 = (1 << 24) - 1;
const PERIOD_MASK: u64 = (1 << 7) - 1;

/// A head, now or once.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Head(u64);

impl Head {
    fn start(generation: u64) -> Self {
        Head((generation & PERIOD_MASK) << 57)
    }

    fn pack(period: u64, full: bool, sequence: u64, slow: u16, failed: u16) -> Self {
        Head(
            (period << 57)
                | (u64::from(full) << 56)
                | ((sequence & SEQUENCE_MASK) << 32)
                | (u64::from(slow) << 16)
                | u64::from(failed),
        )
    }

    fn period(self) -> u64 {
        self.0 >> 57
    }

    fn full(self) -> bool {
        self.0 & (1 << 56) != 0
    }

    fn sequence(self) -> u64 {
        (self.0 >> 32) & SEQUENCE_MASK
    }

    fn slow(self) -> u16 {
        (self.0 >> 16) as u16
    }

    fn failed(self) -> u16 {
        self.0 as u16
    }

    fn next(self, calls: u32, failed: bool, slow: bool) -> Self {
        let sequence = self.sequence() + 1;
        Head::pack(
            self.period(),
            self.full() || sequence >= u64::from(calls),
            sequence,
            self.slow().wrapping_add(u16::from(slow)),
            self.failed().wrapping_add(u16::from(failed)),
        )
    }

    /// Whether nothing was bad in the `calls` calls between this and `later`.
    fn starts_clean(self, later: Head, calls: u32) -> bool {
        self.is_before(later, calls)
            && self.failed() == later.failed()
            && self.slow() == later.slow()
    }

    /// Whether this is what the head was `calls` calls before `later`.
    fn is_before(self, later: Head, calls: u32) -> bool {
        self.period() == later.period()
            && self.sequence() == later.sequence().wrapping_sub(u64::from(calls)) & SEQUENCE_MASK
    }
}

impl Ring {
    pub(crate) const fn new() -> Self {
        Ring {
            head: AtomicU64::new(0),
            clean: AtomicU64::new(0),
            tables: OnceLock::new(),
        }
    }

    /// Empties the window for a new period. To be called before the new period is known to anybody, by one
    /// thread at a time: from then on all records that are under way are late.
    pub(crate) fn reset(&self, generation: u64) {
        self.head.store(Head::start(generation).0, Release);
    }

    /// Whether the window is full of calls that neither failed nor were slow, as far as is known without a look
    /// at the slots: another one need not be recorded.
    #[inline]
    pub(crate) fn is_clean(&self, generation: u64) -> bool {
        let head = Head(self.head.load(Acquire));
        head.full()
            && head.period() == generation & PERIOD_MASK
            && head.0 == self.clean.load(Relaxed)
    }

    /// Records a call in a window of that many. Within one period the number must stay the same.
    ///
    /// Tells what the window holds right after it, if the call was a bad one and not too late.
    pub(crate) fn record(
        &self,
        generation: u64,
        calls: u32,
        failed: bool,
        slow: bool,
    ) -> Option<Tally> {
        let calls = calls.clamp(1, Window::MAX_CALLS);
        let table = self.table(calls);
        let mut head = Head(self.head.load(Acquire));
        loop {
            if head.period() != generation & PERIOD_MASK {
                return None;
            }
            self.keep(table, head);
            let next = head.next(calls, failed, slow);
            match self
                .head
                .compare_exchange_weak(head.0, next.0, AcqRel, Acquire)
            {
                Ok(_) => {
                    self.keep(table, next);
                    if failed || slow {
                        return self.tally_at(next, table, generation, calls);
                    }
                    if next.full() && Self::base(table, next, calls).starts_clean(next, calls) {
                        self.clean.store(next.0, Relaxed);
                    }
                    return None;
                }
                Err(found) => head = Head(found),
            }
        }
    }

    /// What the window holds; `None` if the period is over.
    pub(crate) fn tally(&self, generation: u64, calls: u32) -> Option<Tally> {
        let calls = calls.clamp(1, Window::MAX_CALLS);
        let head = Head(self.head.load(Acquire));
        self.tally_at(head, self.table(calls), generation, calls)
    }

    /// What the window held when `head` was the head, or holds now if that can no longer be told.
    fn tally_at(
        &self,
        mut head: Head,
        table: &[AtomicU64],
        generation: u64,
        calls: u32,
    ) -> Option<Tally> {
        loop {
            if head.period() != generation & PERIOD_MASK {
                return None;
            }
            if !head.full() {
                return Some(Tally {
                    calls: head.sequence() as u32,
                    failed: head.failed().into(),
                    slow: head.slow().into(),
                });
            }
            let base = Self::base(table, head, calls);
            if base.is_before(head, calls) {
                return Some(Tally {
                    calls,
                    failed: head.failed().wrapping_sub(base.failed()).into(),
                    slow: head.slow().wrapping_sub(base.slow()).into(),
                });
            }
            // The slot has been reused, so others have moved the head on.
            let found = Head(self.head.load(Acquire));
            if found == head {
                return None;
            }
            head = found;
        }
    }

    /// The slot where the head of `calls` calls ago should be.
    fn base(table: &[AtomicU64], head: Head, calls: u32) -> Head {
        let sequence = head.sequence().wrapping_sub(u64::from(calls));
        Head(Self::slot(table, sequence).load(Acquire))
    }

    /// Puts the head into its slot, if nobody has done so and it still is the head (if it is not, whoever
    /// moved it on has done so before).
    fn keep(&self, table: &[AtomicU64], head: Head) {
        let slot = Self::slot(table, head.sequence());
        loop {
            // In this order: as long as the head stands, the slot holds it or what stood there a turn ago,
            // and the exchange cannot hit anything newer.
            let held = slot.load(Acquire);
            if held == head.0 || self.head.load(Acquire) != head.0 {
                return;
            }
            if slot.compare_exchange(held, head.0, AcqRel, Acquire).is_ok() {
                return;
            }
        }
    }

    fn slot(table: &[AtomicU64], sequence: u64) -> &AtomicU64 {
        &table[sequence as usize & (table.len() - 1)]
    }

    fn table(&self, calls: u32) -> &[AtomicU64] {
        let length = SMALLEST.max((calls as usize + 1).next_power_of_two());
        let mut tables = &self.tables;
        loop {
            let table = tables.get_or_init(|| Table::new(length));
            if table.slots.len() == length {
                return &table.slots;
            }
            tables = &table.next;
        }
    }
}

impl Table {
    #[cold]
    fn new(length: usize) -> Box<Self> {
        Box::new(Self {
            slots: (0..length).map(|_| AtomicU64::new(0)).collect(),
            next: OnceLock::new(),
        })
    }
}

#[cfg(test)]
mod tests;
