async fn get(client: &Client, key: &str) -> Result<Vec<u8>, Status> {
    use ::resilient_runtime::__private as __resilient;
    let (site, timeout, retry, breaker, timeout_2) = {
        static __RESILIENT_SITE: __resilient::Site = __resilient::site(
            __resilient::path_of(&|| ()),
            &[
                &__RESILIENT_TIMEOUT,
                &__RESILIENT_RETRY,
                &__RESILIENT_BREAKER,
                &__RESILIENT_TIMEOUT_2,
            ],
        );
        static __RESILIENT_TIMEOUT: __resilient::TimeoutLayer = __resilient::TimeoutLayer::new(
            &__RESILIENT_SITE,
            __resilient::Timeout::new(__resilient::Duration::from_secs(30)),
        );
        static __RESILIENT_RETRY: __resilient::RetryLayer = __resilient::RetryLayer::new(
            &__RESILIENT_SITE,
            __resilient::Retry::new(5),
        );
        static __RESILIENT_BREAKER: __resilient::BreakerLayer = __resilient::BreakerLayer::new(
            &__RESILIENT_SITE,
            __resilient::CircuitBreakerSettings::new(),
        );
        static __RESILIENT_TIMEOUT_2: __resilient::TimeoutLayer = __resilient::TimeoutLayer::new(
            &__RESILIENT_SITE,
            __resilient::Timeout::new(__resilient::Duration::from_secs(10)),
        );
        __resilient::submit! {
            __resilient::Registration(& __RESILIENT_SITE)
        }
        (
            &__RESILIENT_SITE,
            &__RESILIENT_TIMEOUT,
            &__RESILIENT_RETRY,
            &__RESILIENT_BREAKER,
            &__RESILIENT_TIMEOUT_2,
        )
    };
    let running = site.enter();
    let call = async move {
        let mut attempts = retry.attempts();
        loop {
            let attempt = attempts.start();
            let call = async {
                if let __resilient::Some(ret) = __resilient::None::<
                    Result<Vec<u8>, Status>,
                > {
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
            let call = timeout_2.limit(call);
            let call = breaker.guard(call);
            let call = attempt.run(call);
            let pause = match attempts.next(call.await) {
                __resilient::Break(outcome) => break outcome,
                __resilient::Continue(pause) => pause,
            };
            pause.await;
        }
    };
    let call = timeout.limit(call);
    let outcome = call.await;
    running.end(outcome).map_err(__resilient::Failure::into_error)
}
