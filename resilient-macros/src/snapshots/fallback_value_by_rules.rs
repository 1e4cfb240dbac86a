async fn get(client: &Client, key: &str) -> Result<Vec<u8>, Status> {
    #[timeout]
    use {};
    use ::resilient_runtime::__private as __resilient;
    let (site, fallback, timeout) = {
        static __RESILIENT_SITE: __resilient::Site = __resilient::site(
            __resilient::path_of(&|| ()),
            &[&__RESILIENT_FALLBACK, &__RESILIENT_TIMEOUT],
        );
        static __RESILIENT_FALLBACK: __resilient::FallbackLayer = __resilient::FallbackLayer::new(
            &__RESILIENT_SITE,
        );
        static __RESILIENT_TIMEOUT: __resilient::TimeoutLayer = __resilient::TimeoutLayer::new(
            &__RESILIENT_SITE,
            __resilient::Timeout::new(__resilient::Duration::from_secs(1)),
        );
        __resilient::submit! {
            __resilient::Registration(& __RESILIENT_SITE)
        }
        (&__RESILIENT_SITE, &__RESILIENT_FALLBACK, &__RESILIENT_TIMEOUT)
    };
    let running = site.enter();
    let call = async move {
        if let __resilient::Some(ret) = __resilient::None::<Result<Vec<u8>, Status>> {
            return ret;
        }
        #[allow(clippy::diverging_sub_expression)]
        let ret: Result<Vec<u8>, Status> = { Ok(client.get(key).await?) };
        #[allow(unreachable_code)] ret
    };
    let call = __resilient::judged(
        call,
        |error: &__resilient::ErrorOf<Result<Vec<u8>, Status>>| {
            __resilient::classify!(error)
        },
    );
    let call = timeout.limit(call);
    match call.await {
        outcome if fallback
            .replaces_outcome(
                &outcome,
                |failure| {
                    fallback
                        .replaces_when(
                            failure,
                            __resilient::from_policy,
                            __resilient::predicate::<
                                Result<Vec<u8>, Status>,
                                _,
                            >(Status::is_gone),
                        )
                },
                __resilient::ok_predicate::<Result<Vec<u8>, Status>, _>(Vec::is_empty),
            ) => {}
        outcome => return running.end(outcome).map_err(__resilient::Failure::into_error),
    }
    let ret: Result<Vec<u8>, Status> = Ok(Vec::new());
    running.answer(ret)
}
