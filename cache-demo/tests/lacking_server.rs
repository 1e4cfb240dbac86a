//! Take one of its limits off the service, and the story's check of its claims fails.

use cache_demo::server::policies::switch_off;
use cache_demo::story::{CrowdScript, Narrator, tell_of_crowd};
use resilient_runtime::LayerKind;

// The only test here: the limits are those of the whole process.
#[tokio::test]
async fn without_either_of_its_limits_the_story_of_the_crowd_fails() {
    for missing in [LayerKind::AdaptiveConcurrency, LayerKind::Bulkhead] {
        let _off = switch_off(&[missing]);
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
}
