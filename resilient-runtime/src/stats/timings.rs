//! What is timed at a call site.

use crate::site::LayerKind;

macro_rules! timings {
    ($($(#[$doc:meta])* $timing:ident: $layer:expr,)*) => {
        /// What is timed at a call site, each from the first call on that was [measured](crate::Registry::measure).
        ///
        /// A time is counted when it ends. What is dropped before its end is not counted, but for places that are
        /// held: these end then.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Timing {
            $($(#[$doc])* $timing,)*
        }

        impl Timing {
            /// All of them, in the order of their numbers (`timing as usize`).
            pub const ALL: &'static [Self] = &[$(Self::$timing,)*];

            /// The layer that times it; `None` for the call itself.
            #[must_use]
            pub const fn layer(self) -> Option<LayerKind> {
                match self {
                    $(Self::$timing => $layer,)*
                }
            }
        }
    };
}

timings! {
    /// Calls, from the first poll to the answer.
    Call: None,
    /// Attempts of a retry, each without the pause before it.
    Attempt: Some(LayerKind::Retry),
    /// What has a time limit, until it ended or the limit ended it.
    Timeout: Some(LayerKind::Timeout),
    /// How long those waited for their permits that did not have them at once.
    RateLimitWait: Some(LayerKind::RateLimit),
    /// How long those waited for their places that did not have them at once.
    BulkheadWait: Some(LayerKind::Bulkhead),
    /// How long places were held, by a call and by what it [carried](crate::carry()) them away with.
    BulkheadHeld: Some(LayerKind::Bulkhead),
    /// How long those waited for their places that did not have them at once.
    AdaptiveWait: Some(LayerKind::AdaptiveConcurrency),
    /// How long places were held, by a call and by what it [carried](crate::carry()) them away with.
    AdaptiveHeld: Some(LayerKind::AdaptiveConcurrency),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_the_number_of_its_place() {
        for (place, timing) in Timing::ALL.iter().enumerate() {
            assert_eq!(*timing as usize, place, "{timing:?}");
        }
    }
}
