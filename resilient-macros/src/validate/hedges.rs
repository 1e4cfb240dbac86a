//! The rules of a `#[hedge]`: what its attempts can share, and whether one ever begins.

use std::time::Duration;

use crate::errors::Errors;
use crate::params::{self, Held, Params};
use crate::policy::{Parsed, Policy};

/// Attempts that run at once share what they borrow.
pub(super) fn share_arguments(layers: &[Parsed], params: &Params, errors: &mut Errors) {
    if !layers.iter().any(|layer| layer.policy.layer().at_once()) {
        return;
    }
    if let Some(receiver) = &params.receiver
        && (receiver.held == Held::Exclusive || receiver.mutable)
    {
        let held = if receiver.mutable { "mut" } else { "&mut" };
        let message = format!(
            "the attempts of a `hedge` run at the same time, and cannot share `{held} self`: take `&self`, with a lock or a \
             channel round what changes, or hedge an inner function that changes nothing"
        );
        errors.at(receiver.ident.span(), message);
    }
    for param in params
        .list
        .iter()
        .filter(|param| param.held == Held::Exclusive)
    {
        let message = "the attempts of a `hedge` run at the same time, and cannot share a `&mut`: take it by `&`, with a \
                       lock or a channel round what changes, or return what it is to become";
        errors.at(params::span(param), message);
    }
}

pub(super) fn one(layers: &[Parsed], errors: &mut Errors) {
    for second in hedges(layers).skip(1) {
        let message = "there is a `hedge` on this function already, and two would multiply their attempts: keep one, and \
                       raise its `max`";
        errors.at(second.1.args.attribute.span(), message);
    }
}

/// A hedge that begins no sooner than a timeout fires never begins.
pub(super) fn begin_in_time(layers: &[Parsed], errors: &mut Errors) {
    for (at, layer) in hedges(layers) {
        let Policy::Hedge(hedge) = &layer.policy else {
            continue;
        };
        let Some((after, written)) = hedge.time() else {
            continue;
        };
        // Those inside bound an attempt only as long as nothing between them and the hedge waits.
        let (outside, inside) = layers.split_at(at);
        let bounding = inside.iter().skip(1).take_while(|layer| {
            matches!(layer.policy, Policy::Timeout(_) | Policy::CircuitBreaker(_))
        });
        let shortest = outside.iter().chain(bounding).filter_map(limit).min();
        if let Some(limit) = shortest.filter(|limit| *limit <= after) {
            let message = format!(
                "the timeout of {limit:?} has ended the call by then, so no hedge ever begins: hedge sooner"
            );
            errors.over(written, message);
        }
    }
}

fn hedges(layers: &[Parsed]) -> impl Iterator<Item = (usize, &Parsed)> {
    let all = layers.iter().enumerate();
    all.filter(|(_, layer)| matches!(layer.policy, Policy::Hedge(_)))
}

fn limit(layer: &Parsed) -> Option<Duration> {
    match &layer.policy {
        Policy::Timeout(timeout) => timeout.literal(),
        _ => None,
    }
}
