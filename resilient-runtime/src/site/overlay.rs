//! What is laid over the settings that the code wrote down: a word for each knob, and who laid it.
//!
//! A configuration file goes over the code, the environment over the file, and what a handle says
//! over all of them. What is in force is kept apart from who said it, so that a call reads no more
//! than one word per knob. The words are read under a version (a sequence lock): a call sees a set
//! of settings that stood together.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::setting::Origin;
use super::tuning::Configured;

/// More knobs than any layer has.
pub(super) const MOST: usize = 12;
/// The word of a knob that nothing is laid over.
pub(super) const NONE: u64 = u64::MAX;

/// One for each knob, in the order of the settings' own list.
pub(super) type Words = [u64; MOST];

pub(super) const NOTHING: Words = [NONE; MOST];

/// Words, and who laid them.
pub(crate) struct Overlay {
    any: AtomicBool,
    /// Odd while the words are being written.
    version: AtomicU64,
    words: [AtomicU64; MOST],
    /// There is nothing while nobody has laid anything.
    laid: Mutex<Option<Box<Laid>>>,
}

/// What each source says, in the order in which they go over each other.
#[derive(Clone, Copy)]
pub(super) struct Laid([Words; SOURCES.len()]);

const SOURCES: [Origin; 3] = [Origin::File, Origin::Environment, Origin::Handle];

impl Laid {
    pub(super) const NOTHING: Self = Self([NOTHING; SOURCES.len()]);

    fn put(&mut self, origin: Origin, place: usize, word: u64) {
        let source = SOURCES.iter().position(|source| *source == origin);
        if let Some(words) = source.and_then(|source| self.0.get_mut(source))
            && let Some(slot) = words.get_mut(place)
        {
            *slot = word;
        }
    }

    pub(super) fn of(configured: &Configured) -> Self {
        let mut laid = Self::NOTHING;
        for (chosen, origin) in configured {
            laid.put(*origin, chosen.place, chosen.word);
        }
        laid
    }

    /// With that said by a handle.
    pub(super) fn by_hand(mut self, place: usize, word: u64) -> Self {
        self.put(Origin::Handle, place, word);
        self
    }

    /// With what a handle said, and everything else as in `configured`.
    pub(super) fn configured(self, configured: &Self) -> Self {
        let [_, _, handle] = self.0;
        let [file, environment, _] = configured.0;
        Self([file, environment, handle])
    }

    pub(super) fn words(&self) -> Words {
        std::array::from_fn(|place| self.top(place).map_or(NONE, |(word, _)| word))
    }

    /// The word in force, and where it came from.
    pub(super) fn top(&self, place: usize) -> Option<(u64, Origin)> {
        let words = self.0.iter().zip(SOURCES).rev();
        words
            .map(|(words, source)| (words[place], source))
            .find(|(word, _)| *word != NONE)
    }
}

impl Overlay {
    pub(crate) const fn new() -> Self {
        Self {
            any: AtomicBool::new(false),
            version: AtomicU64::new(0),
            words: [const { AtomicU64::new(NONE) }; MOST],
            laid: Mutex::new(None),
        }
    }

    /// The words in force, if there are any.
    #[inline]
    pub(super) fn words(&self) -> Option<Words> {
        self.any.load(Ordering::Relaxed).then(|| self.read())
    }

    /// Whether nobody lays anything.
    #[inline]
    pub(crate) fn is_bare(&self) -> bool {
        !self.any.load(Ordering::Relaxed)
    }

    #[cold]
    fn read(&self) -> Words {
        loop {
            let before = self.version.load(Ordering::Acquire);
            let words = std::array::from_fn(|i| self.words[i].load(Ordering::Relaxed));
            fence(Ordering::Acquire);
            if before.is_multiple_of(2) && self.version.load(Ordering::Relaxed) == before {
                return words;
            }
            std::hint::spin_loop();
        }
    }

    pub(super) fn laid(&self) -> Laid {
        self.lock().as_deref().copied().unwrap_or(Laid::NOTHING)
    }

    /// Replaces everything that was laid by what `change` makes of it.
    pub(super) fn change<E>(&self, change: impl FnOnce(Laid) -> Result<Laid, E>) -> Result<(), E> {
        let mut laid = self.lock();
        let changed = change(laid.as_deref().copied().unwrap_or(Laid::NOTHING))?;
        self.write(&mut laid, changed);
        Ok(())
    }

    /// Replaces what a configuration laid.
    pub(super) fn lay(&self, configured: &Laid) {
        let mut laid = self.lock();
        let before = laid.as_deref().copied().unwrap_or(Laid::NOTHING);
        self.write(&mut laid, before.configured(configured));
    }

    fn write(&self, laid: &mut Option<Box<Laid>>, changed: Laid) {
        let words = changed.words();
        *laid = Some(Box::new(changed));
        self.version.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::Release);
        for (cell, word) in self.words.iter().zip(words) {
            cell.store(word, Ordering::Relaxed);
        }
        self.version.fetch_add(1, Ordering::Release);
        self.any
            .store(words.iter().any(|&word| word != NONE), Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Box<Laid>>> {
        self.laid.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Overlay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let laid = self.laid();
        let tops = (0..MOST).filter_map(|place| Some((place, laid.top(place)?)));
        f.debug_map().entries(tops).finish()
    }
}
