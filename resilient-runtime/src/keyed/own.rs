//! Settings of single keys, which are known by their texts: one tenant's own limit.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::key::is_whole;
use crate::site::Overlay;

/// What is laid over single keys, whether they have come yet or not.
pub(super) struct OwnSettings(OnceLock<Mutex<HashMap<Arc<str>, Arc<Overlay>>>>);

impl OwnSettings {
    pub(super) const fn new() -> Self {
        Self(OnceLock::new())
    }

    pub(super) fn put(&self, text: &str, own: &Arc<Overlay>) {
        let keys = self.0.get_or_init(Mutex::default);
        let mut keys = keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.insert(text.into(), Arc::clone(own));
    }

    /// Forgets those that nothing is laid over any more, unless a key that is there has them.
    pub(super) fn tidy(&self) {
        let Some(keys) = self.0.get() else {
            return;
        };
        let mut keys = keys.lock().unwrap_or_else(PoisonError::into_inner);
        // Who takes hold of one does so under the lock.
        keys.retain(|_, own| !own.is_bare() || Arc::strong_count(own) > 1);
    }

    pub(super) fn find(&self, text: &str) -> Option<Arc<Overlay>> {
        let keys = self.0.get()?.lock();
        let keys = keys.unwrap_or_else(PoisonError::into_inner);
        keys.get(text).cloned()
    }

    /// The keys that something is laid over, and some that something was.
    pub(super) fn all(&self) -> Vec<(Arc<str>, Arc<Overlay>)> {
        let Some(keys) = self.0.get() else {
            return Vec::new();
        };
        let keys = keys.lock().unwrap_or_else(PoisonError::into_inner);
        let all = keys.iter();
        all.map(|(text, own)| (Arc::clone(text), Arc::clone(own)))
            .collect()
    }
}

/// What there is of a key beside its state.
pub(crate) struct Tag {
    text: Option<Arc<str>>,
    own: OnceLock<Arc<Overlay>>,
}

impl Tag {
    pub(super) fn new(text: Option<Arc<str>>, own: &OwnSettings) -> Self {
        let found = text.as_deref().and_then(|text| own.find(text));
        Self {
            text,
            own: found.map_or_else(OnceLock::new, OnceLock::from),
        }
    }

    /// The key as it is shown.
    pub(crate) fn text(&self) -> Option<&Arc<str>> {
        self.text.as_ref()
    }

    /// Whether it is shown so, in whole.
    pub(super) fn is(&self, text: &str) -> bool {
        self.text.as_deref() == Some(text) && is_whole(text)
    }

    /// What is laid over this key alone.
    #[inline]
    pub(crate) fn own(&self) -> Option<&Overlay> {
        self.own.get().map(|own| &**own)
    }

    /// There is one for each text, so the one that it has already is this one.
    pub(super) fn take(&self, own: &Arc<Overlay>) {
        let _ = self.own.set(Arc::clone(own));
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tag")
            .field("text", &self.text)
            .field("own", &self.own())
            .finish()
    }
}
