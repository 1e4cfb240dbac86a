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
    lap: u64,
    bad: u64,
    calls: u64,
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

/// What stands above the counts in a word of that period and lap.
#[inline]
pub(super) fn tag(period: u64, lap: u64) -> u64 {
    (period << LAP_BITS) | (lap & LAP_MASK)
}

#[inline]
pub(super) fn tag_of(word: u64) -> u64 {
    word >> (2 * COUNT_BITS)
}

#[inline]
pub(super) fn calls(word: u64) -> u32 {
    (word & COUNT_MAX) as u32
}

#[inline]
pub(super) fn bad(word: u64) -> u32 {
    ((word >> COUNT_BITS) & COUNT_MAX) as u32
}

/// The word with one more call, if it is of that tag and not full.
#[inline]
pub(super) fn plus(word: u64, tag: u64, is_bad: bool) -> Option<u64> {
    let has_room = tag_of(word) == tag && word & COUNT_MAX != COUNT_MAX;
    has_room.then(|| word + (u64::from(is_bad) << COUNT_BITS) + 1)
}

/// The same for a word that may be full, or of another period or lap. `None` if the call is late.
pub(super) fn plus_in_any(word: u64, period: u64, lap: u64, is_bad: bool) -> Option<u64> {
    if let Some(next) = plus(word, tag(period, lap), is_bad) {
        return Some(next);
    }
    let lap = lap & LAP_MASK;
    let held = Cell::unpack(word);
    let (bad, calls) = if held.period != period {
        return None;
    } else if held.lap == lap {
        (held.bad / 2, held.calls / 2)
    } else if held.calls > 0 && laps_between(lap, held.lap) == 1 {
        // The call was held up for a whole window: the bucket belongs to a newer slice by now.
        return None;
    } else {
        // An old slice, or one of a clock that runs far ahead of ours.
        (0, 0)
    };
    let next = Cell {
        period,
        lap,
        bad: bad + u64::from(is_bad),
        calls: calls + 1,
    };
    Some(next.pack())
}

impl Cell {
    pub(super) fn unpack(word: u64) -> Self {
        Cell {
            period: tag_of(word) >> LAP_BITS,
            lap: tag_of(word) & LAP_MASK,
            bad: bad(word).into(),
            calls: calls(word).into(),
        }
    }

    fn pack(self) -> u64 {
        (tag(self.period, self.lap) << (2 * COUNT_BITS)) | (self.bad << COUNT_BITS) | self.calls
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

    /// Whether this is of that lap, of the one before it or the one after it.
    pub(super) fn is_beside(self, lap: u64) -> bool {
        laps_between(lap.wrapping_sub(1), self.lap) <= 2
    }
}

/// How many laps `to` is after `from`, modulo 2^18.
fn laps_between(from: u64, to: u64) -> u64 {
    to.wrapping_sub(from) & LAP_MASK
}
