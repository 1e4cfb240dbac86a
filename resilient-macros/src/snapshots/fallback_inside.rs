async fn get(client: &mut Client, key: String) -> Result<Vec<u8>, Status> {
    #[fallback]
    use {};
    #[timeout]
    use {};
    use ::resilient_runtime::__private as __resilient;
    let (site, retry, fallback, timeout) = {
        static __RESILIENT_SITE: __resilient::Site = __resilient::site(
            __resilient::path_of(&|| ()),
            &[&__RESILIENT_RETRY, &__RESILIENT_FALLBACK, &__RESILIENT_TIMEOUT],
        );
        static __RESILIENT_RETRY: __resilient::RetryLayer = __resilient::RetryLayer::new(
            &__RESILIENT_SITE,
            __resilient::Retry::new(3),
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
        (
            &__RESILIENT_SITE,
            &__RESILIENT_RETRY,
            &__RESILIENT_FALLBACK,
            &__RESILIENT_TIMEOUT,
        )
    };
    let running = site.enter();
    let mut attempts = retry.attempts();
    let outcome = loop {
        let attempt = attempts.start();
        let call = async {
            let own_key = __resilient::copy(&key);
            let call = async {
                if let __resilient::Some(ret) = __resilient::None::<
                    Result<Vec<u8>, Status>,
                > {
                    return ret;
                }
                #[allow(clippy::shadow_unrelated)]
                let key = own_key;
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
            let failure = match call.await {
                __resilient::Err(
                    failure,
                ) if fallback
                    .replaces_when(
                        &failure,
                        __resilient::from_policy,
                        __resilient::predicate::<
                            Result<Vec<u8>, Status>,
                            _,
                        >(|error| error.is_gone()),
                    ) => failure,
                outcome => return outcome,
            };
            let ret = __resilient::answer(
                    stale(&mut *client, __resilient::copy(&key), failure.into_error()),
                )
                .await;
            __resilient::judge(
                    fallback.answered(ret),
                    |error: &__resilient::ErrorOf<Result<Vec<u8>, Status>>| {
                        __resilient::classify!(error)
                    },
                )
                .map_err(__resilient::Failure::Error)
        };
        let call = attempt.run(call);
        let pause = match attempts.next(call.await) {
            __resilient::Break(outcome) => break outcome,
            __resilient::Continue(pause) => pause,
        };
        pause.await;
    };
    running.end(outcome).map_err(__resilient::Failure::into_error)
}
