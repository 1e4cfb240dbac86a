//! Take one of its limits off the service, and the story's check of its claims fails.

use cache_demo::server::policies::{adaptive_limit, switch_off};
use cache_demo::story::{CrowdScript, Narrator, tell_of_crowd};
use resilient_runtime::LayerKind;

async fn fails_without(missing: LayerKind) {
    let crowd = tell_of_crowd(&CrowdScript::short(), &mut Narrator::silent())
        .await
        .expect("the story was told");
    let claims = crowd.claims();
    let mut of_it = claims
        .iter()
        .filter(|claim| claim.thanks_to == Some(missing.name()));
    assert!(
        of_it.any(|claim| !claim.held),
        "nothing missed {missing}: {claims:#?}"
    );
}

// The only test here: the limits are those of the whole process.
#[tokio::test]
async fn without_either_of_its_limits_the_story_of_the_crowd_fails() {
    for missing in [LayerKind::AdaptiveConcurrency, LayerKind::Bulkhead] {
        let _off = switch_off(&[missing]);
        fails_without(missing).await;
    }

    // Nor does a limit do that stays where it is.
    let limit = adaptive_limit().expect("there is one");
    for bound in ["max", "min"] {
        limit.set(bound, 20.into()).expect("a bound");
    }
    fails_without(LayerKind::AdaptiveConcurrency).await;
}
