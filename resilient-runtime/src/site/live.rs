//! Settings that can be replaced while the program runs.
//!
//! A layer's settings are a plain struct, written down by the code. Each of its
//! knobs may be overridden by a word laid over it; while none is, reading the
//! settings is one load and a reference to what the code wrote. Overridden, the
//! words are read under a version (a sequence lock), so that a call sees a set of
//! settings that stood together.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering, fence};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::door::{Door, Opened};

/// A value of a knob.
///
/// ```
/// use resilient_runtime::Value;
/// use std::time::Duration;
///
/// assert_eq!(Value::from(Duration::from_millis(250)).to_string(), "250ms");
/// assert_eq!(Value::from(3_u32).to_string(), "3");
/// assert_eq!(Value::from("fib").to_string(), "fib");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// A number of things.
    Count(u64),
    /// A rate or a factor.
    Number(f64),
    /// A span of time.
    Duration(Duration),
    /// One of a few names.
    Name(&'static str),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => count.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Duration(duration) => write!(f, "{duration:?}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl From<u32> for Value {
    fn from(count: u32) -> Self {
        Self::Count(count.into())
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<Duration> for Value {
    fn from(duration: Duration) -> Self {
        Self::Duration(duration)
    }
}

impl From<&'static str> for Value {
    fn from(name: &'static str) -> Self {
        Self::Name(name)
    }
}

/// Where a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// The attribute or the code around it.
    Code,
    /// A handle, while the program ran.
    Handle,
}

/// A knob of a layer, its value, and where that came from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    /// The knob's name, as in the attribute.
    pub knob: &'static str,
    /// Its value. `None` where it is not set, or where the code works it out anew for each call.
    pub value: Option<Value>,
    /// Where it came from.
    pub origin: Origin,
}

/// Why a setting was not taken. The old one stays.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SettingError {
    /// The layer has no such knob.
    UnknownKnob {
        /// What was asked for.
        knob: String,
        /// The knobs that it has.
        known: Vec<&'static str>,
    },
    /// The knob takes another kind of value, or the value is out of its range.
    BadValue {
        /// The knob.
        knob: &'static str,
        /// What it takes.
        takes: String,
    },
    /// The settings would contradict each other.
    Contradiction(&'static str),
    /// The layer uses a state that it does not own: set it there.
    Shared,
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKnob { knob, known } if known.is_empty() => {
                write!(f, "no knob `{knob}`: this layer has none")
            }
            Self::UnknownKnob { knob, known } => {
                write!(f, "no knob `{knob}`: there are `{}`", known.join("`, `"))
            }
            Self::BadValue { knob, takes } => write!(f, "`{knob}` takes {takes}"),
            Self::Contradiction(why) => f.write_str(why),
            Self::Shared => f.write_str("the state is shared: set it on the state itself"),
        }
    }
}

impl std::error::Error for SettingError {}

/// The kinds of knobs, each with its form as a word.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    /// At least this many, and at most that many.
    Count { min: u32, max: u32 },
    /// In nanoseconds; longer than zero unless zero is allowed.
    Duration { zero: bool },
    /// `0.0..=1.0`.
    Rate,
    /// At least one.
    Factor,
    /// By its place in the list.
    Name(&'static [&'static str]),
    /// A rate, or one of these names.
    RateOr(&'static [&'static str]),
    /// A duration, or a number of calls up to this many.
    DurationOrCount { max: u32 },
}

/// Tells the second kind of value from the first where a unit has two: neither the
/// bits of a rate nor any duration short of 292 years reach it.
const SECOND_KIND: u64 = 1 << 63;

impl Unit {
    fn takes(self) -> String {
        match self {
            Self::Count { min, max: u32::MAX } => format!("a whole number, at least {min}"),
            Self::Count { min, max } => format!("a whole number from {min} to {max}"),
            Self::Duration { zero: true } => "a duration".to_owned(),
            Self::Duration { zero: false } => "a duration longer than zero".to_owned(),
            Self::Rate => "a rate from 0.0 to 1.0".to_owned(),
            Self::Factor => "a number, at least 1.0".to_owned(),
            Self::Name(names) => format!("one of `{}`", names.join("`, `")),
            Self::RateOr(names) => {
                format!("a rate from 0.0 to 1.0, or one of `{}`", names.join("`, `"))
            }
            Self::DurationOrCount { max } => {
                format!("a duration longer than zero, or a number of calls from 1 to {max}")
            }
        }
    }

    fn to_word(self, value: Value) -> Option<u64> {
        let place = |names: &[&str], name: &str| {
            names
                .iter()
                .position(|&known| known == name)
                .map(|place| place as u64)
        };
        match (self, value) {
            (Self::Count { min, max }, Value::Count(count)) => (u64::from(min)..=u64::from(max))
                .contains(&count)
                .then_some(count),
            (Self::Duration { zero }, Value::Duration(duration)) => {
                (zero || !duration.is_zero()).then(|| nanos(duration))
            }
            (Self::DurationOrCount { .. }, Value::Duration(duration)) => {
                (!duration.is_zero()).then(|| duration_word(duration))
            }
            (Self::DurationOrCount { max }, Value::Count(count)) => (1..=u64::from(max))
                .contains(&count)
                .then_some(SECOND_KIND | count),
            (Self::Rate | Self::RateOr(_), Value::Number(rate)) => {
                (0.0..=1.0).contains(&rate).then(|| rate.abs().to_bits())
            }
            (Self::Factor, Value::Number(factor)) => {
                (factor.is_finite() && factor >= 1.0).then(|| factor.to_bits())
            }
            (Self::Name(names), Value::Name(name)) => place(names, name),
            (Self::RateOr(names), Value::Name(name)) => {
                place(names, name).map(|place| SECOND_KIND | place)
            }
            _ => None,
        }
    }

    fn to_value(self, word: u64) -> Option<Value> {
        let name = |names: &[&'static str], place: u64| {
            Some(Value::Name(names.get(usize::try_from(place).ok()?)?))
        };
        match (self, second_kind(word)) {
            (Self::Count { .. }, _) => Some(Value::Count(word)),
            (Self::DurationOrCount { .. }, Some(count)) => Some(Value::Count(count)),
            (Self::Duration { .. } | Self::DurationOrCount { .. }, _) => {
                Some(Value::Duration(Duration::from_nanos(word)))
            }
            (Self::RateOr(names), Some(place)) => name(names, place),
            (Self::Rate | Self::RateOr(_) | Self::Factor, _) => {
                Some(Value::Number(f64::from_bits(word)))
            }
            (Self::Name(names), _) => name(names, word),
        }
    }
}

/// A word of the second kind that its unit has.
pub(crate) const fn of_second_kind(number: u64) -> u64 {
    SECOND_KIND | number
}

/// The number in a word of the second kind; `None` for the first.
pub(crate) fn second_kind(word: u64) -> Option<u64> {
    (word & SECOND_KIND != 0).then_some(word & !SECOND_KIND)
}

/// A duration as a word of the first kind.
pub(crate) fn duration_word(duration: Duration) -> u64 {
    nanos(duration).min(SECOND_KIND - 1)
}

/// Saturating, one short of the word that says "not overridden".
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos())
        .unwrap_or(u64::MAX)
        .min(NONE - 1)
}

/// One knob of a settings struct.
pub(crate) struct Knob<S> {
    pub(crate) name: &'static str,
    pub(crate) unit: Unit,
    /// `None` where the knob is not set.
    pub(crate) get: fn(&S) -> Option<u64>,
    pub(crate) put: fn(&mut S, u64),
}

/// A settings struct that can be replaced knob by knob.
pub(crate) trait Settings: Copy + Send + Sync + 'static {
    const KNOBS: &'static [Knob<Self>];

    /// What the knobs cannot say one by one.
    fn check(&self) -> Result<(), &'static str> {
        Ok(())
    }
}

/// More knobs than any layer has.
const MOST: usize = 12;
const NONE: u64 = u64::MAX;

struct Overlay {
    any: AtomicBool,
    /// Odd while the words are being written.
    version: AtomicU64,
    words: [AtomicU64; MOST],
    writing: Mutex<()>,
}

impl Overlay {
    const fn new() -> Self {
        Self {
            any: AtomicBool::new(false),
            version: AtomicU64::new(0),
            words: [const { AtomicU64::new(NONE) }; MOST],
            writing: Mutex::new(()),
        }
    }

    fn read(&self) -> [u64; MOST] {
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

    /// Under the lock `writing`.
    fn write(&self, words: [u64; MOST]) {
        self.version.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::Release);
        for (cell, word) in self.words.iter().zip(words) {
            cell.store(word, Ordering::Relaxed);
        }
        self.version.fetch_add(1, Ordering::Release);
        self.any
            .store(words.iter().any(|&word| word != NONE), Ordering::Relaxed);
    }
}

/// Settings as the code wrote them, and what was laid over them since.
pub(crate) struct Live<S> {
    code: S,
    /// The knobs that the code works out anew for each call.
    per_call: &'static [&'static str],
    overlay: Door<Overlay>,
}

impl<S: Settings> Live<S> {
    pub(crate) const fn new(code: S) -> Self {
        assert!(S::KNOBS.len() <= MOST);
        Self {
            code,
            per_call: &[],
            overlay: Door::new(Overlay::new()),
        }
    }

    /// Names the knobs that the code works out for each call.
    pub(crate) const fn set_per_call(&mut self, knobs: &'static [&'static str]) {
        self.per_call = knobs;
    }

    pub(crate) const fn code(&self) -> &S {
        &self.code
    }

    /// The settings in force, over `code`, which is the struct's own or what a call made of it.
    #[inline]
    pub(crate) fn over(&self, code: S) -> S {
        let overlay = self.open();
        if overlay.any.load(Ordering::Relaxed) {
            lay(code, overlay.read())
        } else {
            code
        }
    }

    /// The settings in force.
    pub(crate) fn get(&self) -> S {
        self.over(self.code)
    }

    /// The settings in force, without a copy of what the code wrote.
    #[inline]
    pub(crate) fn with<R>(&self, read: impl FnOnce(&S) -> R) -> R {
        if self.open().any.load(Ordering::Relaxed) {
            read(&self.get())
        } else {
            read(&self.code)
        }
    }

    pub(crate) fn list(&self) -> Vec<Setting> {
        let words = self.open().read();
        S::KNOBS
            .iter()
            .zip(words)
            .map(|(knob, word)| {
                let overridden = word != NONE;
                let word = match overridden {
                    true => Some(word),
                    false if self.per_call.contains(&knob.name) => None,
                    false => (knob.get)(&self.code),
                };
                Setting {
                    knob: knob.name,
                    value: word.and_then(|word| knob.unit.to_value(word)),
                    origin: if overridden {
                        Origin::Handle
                    } else {
                        Origin::Code
                    },
                }
            })
            .collect()
    }

    pub(crate) fn set(&self, name: &str, value: Value) -> Result<(), SettingError> {
        self.change(name, |knob| {
            let takes = knob.unit.takes();
            knob.unit.to_word(value).ok_or(SettingError::BadValue {
                knob: knob.name,
                takes,
            })
        })
    }

    pub(crate) fn unset(&self, name: &str) -> Result<(), SettingError> {
        self.change(name, |_| Ok(NONE))
    }

    fn change(
        &self,
        name: &str,
        word: impl FnOnce(&Knob<S>) -> Result<u64, SettingError>,
    ) -> Result<(), SettingError> {
        let place = S::KNOBS
            .iter()
            .position(|knob| knob.name == name)
            .ok_or_else(|| SettingError::UnknownKnob {
                knob: name.to_owned(),
                known: S::KNOBS.iter().map(|knob| knob.name).collect(),
            })?;
        let word = word(&S::KNOBS[place])?;

        let overlay = self.open();
        let _writing = overlay
            .writing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut words = overlay.read();
        words[place] = word;
        let stood = lay(self.code, overlay.read()).check().is_ok();
        lay(self.code, words).check().or_else(|why| {
            // What contradicted itself before is not this change's fault.
            if stood {
                Err(SettingError::Contradiction(why))
            } else {
                Ok(())
            }
        })?;
        overlay.write(words);
        Ok(())
    }

    fn open(&self) -> Opened<'_, Overlay> {
        self.overlay.open(Overlay::new)
    }
}

/// `settings` with what was laid over them.
#[cold]
fn lay<S: Settings>(mut settings: S, words: [u64; MOST]) -> S {
    for (knob, word) in S::KNOBS.iter().zip(words) {
        if word != NONE {
            (knob.put)(&mut settings, word);
        }
    }
    settings
}

impl<S: fmt::Debug> fmt::Debug for Live<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code.fmt(f)
    }
}

/// Whether a layer takes part, and whether it was switched off with all the others.
pub struct Switch(Door<AtomicU8>);

impl Switch {
    const THIS: u8 = 1;
    const ALL: u8 = 2;

    pub(crate) const fn new() -> Self {
        Self(Door::new(AtomicU8::new(0)))
    }

    /// Whether the layer takes part in a call.
    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        self.load() == 0
    }

    /// Whether this layer itself is switched on, whatever the others are.
    pub(crate) fn is_enabled(&self) -> bool {
        self.load() & Self::THIS == 0
    }

    pub(crate) fn set_enabled(&self, enabled: bool) {
        self.set(Self::THIS, !enabled);
    }

    pub(crate) fn set_all_off(&self, off: bool) {
        self.set(Self::ALL, off);
    }

    fn load(&self) -> u8 {
        self.open().load(Ordering::Relaxed)
    }

    fn set(&self, bit: u8, on: bool) {
        if on {
            self.open().fetch_or(bit, Ordering::Relaxed);
        } else {
            self.open().fetch_and(!bit, Ordering::Relaxed);
        }
    }

    fn open(&self) -> Opened<'_, AtomicU8> {
        self.0.open(|| AtomicU8::new(0))
    }
}

impl fmt::Debug for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_on() { "on" } else { "off" })
    }
}
