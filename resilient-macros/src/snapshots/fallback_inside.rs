async fn get(client: &mut Client, key: String) -> Result<Vec<u8>, Status> {
    #[fallback]
    use {};
    #[timeout]
    use {};
    use ::resilient_runtime::__private as __resilient;
    let (site, retry, fallback, timeout) = {
        static __RESILIENT_SITE: __resilient::Site = __resilient::Site::new(
            || {
                fn here() {}
                ::core::any::type_name_of_val(&here)
            },
            ::core::file!(),
            ::core::line!(),
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
            __resilient::Timeout::new(::core::time::Duration::from_secs(1)),
        );
        __resilient::register! {
            & __RESILIENT_SITE
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
                if let ::core::option::Option::Some(ret) = ::core::option::Option::None::<
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
                ::core::result::Result::Err(
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
            ::core::ops::ControlFlow::Break(outcome) => break outcome,
            ::core::ops::ControlFlow::Continue(pause) => pause,
        };
        pause.await;
    };
    running.end(outcome).map_err(__resilient::Failure::into_error)
}
