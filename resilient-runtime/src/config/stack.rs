//! What the layers of one function have to do with each other: the rules of the attributes that are about settings.

use std::time::Duration;

use crate::site::LayerKind;

/// A layer as it stands, or as it would.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    pub(super) kind: LayerKind,
    /// The time after which it acts, if it is switched on and this is known before a call.
    pub(super) after: Option<Duration>,
}

/// A layer that does nothing, for another acts before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Vain {
    /// Their places in the stack.
    pub(super) layer: usize,
    pub(super) other: usize,
    pub(super) why: String,
}

/// Of the layers of one function, outermost first.
pub(super) fn in_vain(stack: &[Standing]) -> Vec<Vain> {
    let mut vain = timeouts(stack);
    vain.extend(hedges(stack));
    vain
}

fn of_kind(
    stack: &[Standing],
    kind: LayerKind,
) -> impl DoubleEndedIterator<Item = (usize, Duration)> {
    let of_kind = move |(at, layer): (usize, &Standing)| {
        let after = layer.after.filter(|_| layer.kind == kind)?;
        Some((at, after))
    };
    stack.iter().enumerate().filter_map(of_kind)
}

/// An inner timeout that is not shorter never fires before the outer one does.
fn timeouts(stack: &[Standing]) -> Vec<Vain> {
    let mut vain = Vec::new();
    let mut shortest: Option<(usize, Duration)> = None;
    for (layer, after) in of_kind(stack, LayerKind::Timeout) {
        match shortest {
            Some((other, outer)) if outer <= after => vain.push(Vain {
                layer,
                other,
                why: format!(
                    "a timeout of {after:?} stand inside one of {outer:?}, which always fires first"
                ),
            }),
            _ => shortest = Some((layer, after)),
        }
    }
    vain
}

/// A hedge that begins no sooner than a timeout fires never begins.
fn hedges(stack: &[Standing]) -> Vec<Vain> {
    let mut vain = Vec::new();
    for (layer, after) in of_kind(stack, LayerKind::Hedge) {
        // Those inside bound an attempt only as long as nothing between them and the hedge waits.
        let bounding = stack.iter().skip(layer + 1).take_while(|inside| {
            matches!(inside.kind, LayerKind::Timeout | LayerKind::CircuitBreaker)
        });
        let reach = layer + 1 + bounding.count();
        let timeouts = of_kind(stack, LayerKind::Timeout).filter(|(at, _)| *at < reach);
        let shortest = timeouts.min_by_key(|(_, limit)| *limit);
        if let Some((other, limit)) = shortest.filter(|(_, limit)| *limit <= after) {
            vain.push(Vain {
                layer,
                other,
                why: format!(
                    "a hedge begin after {after:?}, when a timeout of {limit:?} has ended the call"
                ),
            });
        }
    }
    vain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vain(stack: &[(LayerKind, u64)]) -> Vec<(usize, usize)> {
        let standing = |&(kind, millis): &(LayerKind, u64)| Standing {
            kind,
            after: (millis > 0).then_some(Duration::from_millis(millis)),
        };
        let stack: Vec<_> = stack.iter().map(standing).collect();
        let vain = in_vain(&stack).into_iter();
        vain.map(|vain| (vain.layer, vain.other)).collect()
    }

    #[test]
    fn an_inner_timeout_is_shorter_than_every_outer_one() {
        use LayerKind::{Retry, Timeout};
        assert_eq!(vain(&[(Timeout, 9), (Retry, 0), (Timeout, 8)]), []);
        assert_eq!(vain(&[(Timeout, 9), (Retry, 0), (Timeout, 9)]), [(2, 0)]);
        assert_eq!(vain(&[(Timeout, 9), (Timeout, 0), (Timeout, 10)]), [(2, 0)]);
        let two = [(Timeout, 9), (Timeout, 5), (Timeout, 7)];
        assert_eq!(vain(&two), [(2, 1)]);
    }

    #[test]
    fn a_hedge_begins_before_what_bounds_it() {
        use LayerKind::{CircuitBreaker, Hedge, RateLimit, Timeout};
        assert_eq!(vain(&[(Timeout, 9), (Hedge, 8)]), []);
        assert_eq!(vain(&[(Timeout, 9), (Hedge, 9)]), [(1, 0)]);
        assert_eq!(
            vain(&[(Hedge, 9), (CircuitBreaker, 0), (Timeout, 5)]),
            [(0, 2)]
        );
        assert_eq!(vain(&[(Hedge, 9), (RateLimit, 0), (Timeout, 5)]), []);
    }
}
