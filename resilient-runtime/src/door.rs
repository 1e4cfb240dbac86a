//! The one way to state that outlives a call, so that a test can have its own.
//!
//! Without the feature `testing` a door is its content and opening it is a
//! reference. With it, [`testing::isolated`](crate::testing) puts a world in the
//! way, in which every door opens on a content of its own, made fresh.

#[cfg(not(feature = "testing"))]
mod plain {
    use std::ops::Deref;
    use std::sync::Arc;

    #[derive(Debug)]
    pub(crate) struct Door<T>(T);

    #[derive(Debug)]
    pub struct Opened<'a, T>(&'a T);

    impl<T> Clone for Opened<'_, T> {
        #[inline]
        fn clone(&self) -> Self {
            Self(self.0)
        }
    }

    impl<T> Deref for Opened<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            self.0
        }
    }

    impl<'a, T> Opened<'a, T> {
        /// What is in the open anyway.
        pub(crate) fn of(content: &'a T) -> Self {
            Self(content)
        }

        /// What a test has for itself, if it was opened in one.
        pub(crate) fn isolated(&self) -> Option<Arc<T>> {
            None
        }
    }

    impl<T> Door<T> {
        pub(crate) const fn new(content: T) -> Self {
            Self(content)
        }

        pub(crate) fn open(&self, _fresh: impl FnOnce() -> T) -> Opened<'_, T> {
            Opened(&self.0)
        }

        /// What is behind it outside of any test.
        pub(crate) fn own(&self) -> &T {
            &self.0
        }
    }
}

#[cfg(not(feature = "testing"))]
pub(crate) use plain::{Door, Opened};

#[cfg(feature = "testing")]
mod isolating {
    use std::any::Any;
    use std::collections::HashMap;
    use std::fmt;
    use std::ops::Deref;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Arc, Mutex, OnceLock, PoisonError};

    use crate::testing;

    #[derive(Debug)]
    pub(crate) struct Door<T> {
        own: T,
        /// Doors may move before they are used, so an address would not do.
        id: OnceLock<u64>,
    }

    pub enum Opened<'a, T> {
        Own(&'a T),
        Isolated(Arc<T>),
    }

    impl<T> Clone for Opened<'_, T> {
        fn clone(&self) -> Self {
            match self {
                Self::Own(content) => Self::Own(content),
                Self::Isolated(content) => Self::Isolated(Arc::clone(content)),
            }
        }
    }

    impl<T> Deref for Opened<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            match self {
                Self::Own(content) => content,
                Self::Isolated(content) => content,
            }
        }
    }

    impl<T: fmt::Debug> fmt::Debug for Opened<'_, T> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            (**self).fmt(f)
        }
    }

    impl<'a, T> Opened<'a, T> {
        /// What is in the open anyway.
        pub(crate) fn of(content: &'a T) -> Self {
            Self::Own(content)
        }

        /// What a test has for itself, if it was opened in one.
        pub(crate) fn isolated(&self) -> Option<Arc<T>> {
            match self {
                Self::Own(_) => None,
                Self::Isolated(content) => Some(Arc::clone(content)),
            }
        }
    }

    impl<T: Send + Sync + 'static> Door<T> {
        pub(crate) const fn new(content: T) -> Self {
            Self {
                own: content,
                id: OnceLock::new(),
            }
        }

        pub(crate) fn open(&self, fresh: impl FnOnce() -> T) -> Opened<'_, T> {
            static NEXT: AtomicU64 = AtomicU64::new(0);
            let Some(world) = testing::world() else {
                return Opened::Own(&self.own);
            };
            let id = *self.id.get_or_init(|| NEXT.fetch_add(1, Ordering::Relaxed));
            world
                .rooms
                .content_of(id, fresh)
                .map_or(Opened::Own(&self.own), Opened::Isolated)
        }

        /// What is behind it outside of any test.
        pub(crate) fn own(&self) -> &T {
            &self.own
        }
    }

    /// The contents behind the doors of one world.
    #[derive(Debug, Default)]
    pub(crate) struct Rooms(Mutex<HashMap<u64, Arc<dyn Any + Send + Sync>>>);

    impl Rooms {
        fn content_of<T: Send + Sync + 'static>(
            &self,
            id: u64,
            fresh: impl FnOnce() -> T,
        ) -> Option<Arc<T>> {
            let rooms = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let found = rooms().get(&id).cloned();
            // Made outside the lock: it may open another door.
            let content = found.unwrap_or_else(|| {
                let fresh: Arc<dyn Any + Send + Sync> = Arc::new(fresh());
                Arc::clone(rooms().entry(id).or_insert(fresh))
            });
            content.downcast().ok()
        }
    }
}

#[cfg(feature = "testing")]
pub(crate) use isolating::{Door, Opened, Rooms};

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_made_behind_a_door_may_open_another() {
        static INNER: Door<u32> = Door::new(0);
        static OUTER: Door<u32> = Door::new(0);
        let opened = crate::testing::isolated(async { *OUTER.open(|| *INNER.open(|| 7)) }).await;
        assert_eq!(opened, 7);
    }
}
