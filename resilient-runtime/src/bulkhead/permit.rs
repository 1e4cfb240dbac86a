//! Places in a bulkhead that are held by hand.

use std::fmt;
use std::sync::Arc;

use super::Bulkhead;
use super::enter::{Places, account};
use crate::carry::Carried;
use crate::gate::{Account, Gate, Gated, Place};

/// A place in a bulkhead, free again when this is dropped. See [`Bulkhead::try_acquire`].
#[must_use = "the place is free again when the permit is dropped"]
pub struct BulkheadPermit<'a>(Places<'a>);

/// A place in a bulkhead that it keeps alive, free again when this is dropped. See
/// [`Bulkhead::acquire_owned`].
///
/// ```
/// use futures::{Stream, stream};
/// use resilient_runtime::{Bulkhead, Carried, PolicyError};
/// use std::sync::Arc;
///
/// struct Store {
///     dumps: Arc<Bulkhead>,
/// }
///
/// impl Store {
///     /// The place is free when the last line was sent, or nobody listens any more.
///     async fn dump(&self) -> Result<Carried<impl Stream<Item = u32>>, PolicyError> {
///         let place = Arc::clone(&self.dumps).acquire_owned().await?;
///         Ok(place.carry(stream::iter([1, 2, 3])))
///     }
/// }
/// ```
#[must_use = "the place is free again when the permit is dropped"]
pub struct OwnedBulkheadPermit {
    _place: Place<Owned>,
}

#[derive(Clone)]
struct Owned {
    bulkhead: Arc<Bulkhead>,
    /// The gate, if a test has one of its own.
    isolated: Option<Arc<Gate>>,
}

impl Gated for Owned {
    fn gate(&self) -> &Gate {
        match &self.isolated {
            Some(gate) => gate,
            None => self.bulkhead.gate.own(),
        }
    }

    fn limit(&self) -> u32 {
        self.bulkhead
            .settings
            .with(|settings| settings.max_concurrent)
    }

    fn account(&self) -> Account {
        account(self.bulkhead.caller)
    }
}

impl<'a> BulkheadPermit<'a> {
    pub(super) const fn new(places: Places<'a>) -> Self {
        Self(places)
    }

    /// The same place, of the bulkhead that it came from.
    pub(super) fn owned(self, bulkhead: &Arc<Bulkhead>) -> OwnedBulkheadPermit {
        let owned = Owned {
            bulkhead: Arc::clone(bulkhead),
            isolated: self.0.gated().core.isolated(),
        };
        OwnedBulkheadPermit {
            _place: self.0.held_by(owned),
        }
    }
}

impl OwnedBulkheadPermit {
    /// Keeps the place with `stream` until it ends or is dropped, as
    /// [`carry`](crate::carry()) does.
    pub fn carry<T>(self, stream: T) -> Carried<T> {
        Carried::with(stream, self)
    }
}

impl fmt::Debug for BulkheadPermit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkheadPermit").finish_non_exhaustive()
    }
}

impl fmt::Debug for OwnedBulkheadPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedBulkheadPermit")
            .finish_non_exhaustive()
    }
}
