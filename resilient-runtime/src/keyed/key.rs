//! A key as a layer takes it: what it is told by, and how it is shown.

use std::fmt::{self, Debug, Display, Write};
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Arc, OnceLock};

use siphasher::sip128::{Hasher128, SipHasher13};

/// A key that a call brings: its identity, and its text for when somebody wants to see it.
#[derive(Clone, Copy)]
pub struct Key<'a> {
    pub(super) identity: u128,
    text: &'a dyn Fn() -> Option<Arc<str>>,
}

impl<'a> Key<'a> {
    /// `text` is asked once for each state that is made.
    #[inline(always)]
    pub fn new<K: Hash + ?Sized>(key: &K, text: &'a dyn Fn() -> Option<Arc<str>>) -> Self {
        Self {
            identity: identity(key),
            text,
        }
    }

    pub(super) fn text(&self) -> Option<Arc<str>> {
        (self.text)()
    }
}

impl fmt::Debug for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Key").field(&self.text()).finish()
    }
}

/// Two keys of one process have the same with the chance of a 128-bit collision that nobody
/// can bring about who does not know the process's secret.
fn identity<K: Hash + ?Sized>(key: &K) -> u128 {
    static SECRET: OnceLock<(u64, u64)> = OnceLock::new();
    let (one, other) = *SECRET.get_or_init(|| {
        let random = RandomState::new();
        (random.hash_one(0_u8), random.hash_one(1_u8))
    });
    let mut hasher = SipHasher13::new_with_keys(one, other);
    key.hash(&mut hasher);
    hasher.finish128().as_u128()
}

/// A key under inspection: it is shown by its `Display`, else by its `Debug`, else not at all.
#[derive(Debug)]
pub struct Shown<'k, K: ?Sized>(pub &'k K);

/// It has a `Display`.
pub trait ViaDisplay {
    /// Its text.
    fn text(&self) -> Option<Arc<str>>;
}

/// It has a `Debug`.
pub trait ViaDebug {
    /// Its text.
    fn text(&self) -> Option<Arc<str>>;
}

/// It cannot be shown.
pub trait ViaNothing {
    /// No text.
    fn text(&self) -> Option<Arc<str>>;
}

impl<K: Display + ?Sized> ViaDisplay for &&Shown<'_, K> {
    fn text(&self) -> Option<Arc<str>> {
        Some(shortened(format_args!("{}", self.0)))
    }
}

impl<K: Debug + ?Sized> ViaDebug for &Shown<'_, K> {
    fn text(&self) -> Option<Arc<str>> {
        Some(shortened(format_args!("{:?}", self.0)))
    }
}

impl<K: ?Sized> ViaNothing for Shown<'_, K> {
    fn text(&self) -> Option<Arc<str>> {
        None
    }
}

/// The longest text of a key, in bytes: whoever calls may choose the key.
const LONGEST: usize = 64;

/// Whether a key can be told by this text: it was not cut, so no other key has it for that.
pub(crate) fn is_whole(text: &str) -> bool {
    // A letter of four bytes may have been cut off behind the 61st.
    text.len() < LONGEST || (text.len() == LONGEST && !text.ends_with('…'))
}

fn shortened(text: fmt::Arguments<'_>) -> Arc<str> {
    struct Short(String);

    impl Write for Short {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            for letter in text.chars() {
                if self.0.len() + letter.len_utf8() > LONGEST {
                    self.0.push('…');
                    return Err(fmt::Error);
                }
                self.0.push(letter);
            }
            Ok(())
        }
    }

    let mut short = Short(String::new());
    // An error says that it was cut short, or that the key cannot show itself: what is there serves.
    let _ = short.write_fmt(text);
    short.0.into()
}

/// The key for a layer, shown by what its type has.
#[doc(hidden)]
#[macro_export]
macro_rules! __key {
    ($key:expr) => {
        $crate::__private::Key::new($key, &|| {
            use $crate::__private::shown::*;
            (&&&$crate::__private::Shown($key)).text()
        })
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(key: Key<'_>) -> Option<String> {
        key.text().map(|text| text.to_string())
    }

    #[test]
    fn a_key_is_shown_by_display_else_by_debug_else_not() {
        #[derive(Hash)]
        struct Silent;
        #[derive(Debug, Hash)]
        struct Tenant(u8);

        assert_eq!(text_of(crate::__key!(&"eu-1")).as_deref(), Some("eu-1"));
        assert_eq!(text_of(crate::__key!("eu-1")).as_deref(), Some("eu-1"));
        assert_eq!(
            text_of(crate::__key!(&Tenant(7))).as_deref(),
            Some("Tenant(7)")
        );
        assert_eq!(text_of(crate::__key!(&Silent)), None);
    }

    #[test]
    fn a_long_text_is_cut_between_letters() {
        let long = "ü".repeat(40);
        let shown = text_of(crate::__key!(&long)).unwrap();
        assert_eq!(shown, format!("{}…", "ü".repeat(32)));
        let fits = "u".repeat(LONGEST);
        assert_eq!(text_of(crate::__key!(&fits)).unwrap(), fits);
    }

    #[test]
    fn a_text_that_was_cut_is_not_whole() {
        let shown = |text: &str| text_of(crate::__key!(text)).unwrap();
        for letter in ["u", "ü", "…", "🦀"] {
            for long in 50..70 {
                let text = format!("{}{letter}{letter}", "u".repeat(long));
                let is_cut = shown(&text) != text;
                assert_eq!(is_whole(&shown(&text)), !is_cut && is_whole(&text));
                assert!(!is_cut || !is_whole(&text), "{text}");
            }
        }
        assert!(is_whole(&"u".repeat(LONGEST)));
        assert!(!is_whole(&"u".repeat(LONGEST + 1)));
    }

    #[test]
    fn equal_keys_have_one_identity_and_others_have_others() {
        let of = |key: &str| crate::__key!(key).identity;
        assert_eq!(of("a"), of(&String::from("a")));
        assert_ne!(of("a"), of("b"));
        assert_ne!(of("a") as u64, of("b") as u64);
    }
}
