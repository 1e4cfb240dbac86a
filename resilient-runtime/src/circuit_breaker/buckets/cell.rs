//! One bucket in one word.

/// A bucket's content, unpacked:
///
/// ```text
/// bit 63..58   57..40   39..20   19..0
///     period    lap      bad      calls
/// ```
///
/// *bad* and *calls* are both halved when `calls` is full, which leaves their ratio as it was.
#[derive(Clone, Copy)]
pub(super) struct Cell {
    pub(super) period: u64,
    pub(super) lap: u64,
    pub(super) bad: u64,
    pub(super) calls: u64,
}

const COUNT_BITS: u32 = 20;
pub(super) const COUNT_MAX: u64 = (1 << COUNT_BITS) - 1;
pub(super) const LAP_BITS: u32 = 18;
pub(super) const LAP_MASK: u64 = (1 << LAP_BITS) - 1;
pub(super) const PERIOD_BITS: u32 = 6;
const PERIOD_MASK: u64 = (1 << PERIOD_BITS) - 1;

pub(super) const fn period_of(generation: u64) -> u64 {
    generation & PERIOD_MASK
}

/// The word with one more call, or `None` if that call is late.
#[inline]
pub(super) fn plus(word: u64, period: u64, lap: u64, bad: bool) -> Option<u64> {
    let ours = word >> (2 * COUNT_BITS) == (period << LAP_BITS) | (lap & LAP_MASK);
    if ours && word & COUNT_MAX != COUNT_MAX {
        return Some(word + (u64::from(bad) << COUNT_BITS) + 1);
    }
    Cell::unpack(word)
        .plus(period, lap & LAP_MASK, bad)
        .map(Cell::pack)
}

impl Cell {
    pub(super) fn unpack(word: u64) -> Self {
        Cell {
            period: word >> (2 * COUNT_BITS + LAP_BITS),
            lap: (word >> (2 * COUNT_BITS)) & LAP_MASK,
            bad: (word >> COUNT_BITS) & COUNT_MAX,
            calls: word & COUNT_MAX,
        }
    }

    fn pack(self) -> u64 {
        (self.period << (2 * COUNT_BITS + LAP_BITS))
            | (self.lap << (2 * COUNT_BITS))
            | (self.bad << COUNT_BITS)
            | self.calls
    }

    /// The word of a bucket that holds nothing.
    pub(super) fn empty(period: u64) -> u64 {
        Cell {
            period,
            lap: 0,
            bad: 0,
            calls: 0,
        }
        .pack()
    }

    #[cold]
    #[inline(never)]
    fn plus(self, period: u64, lap: u64, bad: bool) -> Option<Self> {
        let counted = if self.period != period {
            return None;
        } else if self.lap == lap {
            let full = u32::from(self.calls == COUNT_MAX);
            (self.bad >> full, self.calls >> full)
        } else if self.calls > 0 && self.is_after(lap) {
            // The call was held up for a whole window: the bucket belongs to a newer slice by now.
            return None;
        } else {
            // An old slice, or one of a clock that runs far ahead of ours.
            (0, 0)
        };
        Some(Cell {
            period,
            lap,
            bad: counted.0 + u64::from(bad),
            calls: counted.1 + 1,
        })
    }

    pub(super) fn is_of(self, lap: u64) -> bool {
        self.lap == lap & LAP_MASK
    }

    /// Whether this is of the lap after that one.
    pub(super) fn is_after(self, lap: u64) -> bool {
        self.is_of(lap.wrapping_add(1))
    }
}
