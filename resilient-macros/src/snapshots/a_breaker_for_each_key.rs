async fn get(host: String) -> Result<Vec<u8>, Status> {
    #[circuit_breaker]
    use {};
    use ::resilient_runtime::__private as __resilient;
    let (site, retry, breaker) = {
        static __RESILIENT_SITE: __resilient::Site = __resilient::site(
            __resilient::path_of(&|| ()),
            &[&__RESILIENT_RETRY, &__RESILIENT_BREAKER],
        );
        static __RESILIENT_RETRY: __resilient::RetryLayer = __resilient::RetryLayer::new(
            &__RESILIENT_SITE,
            __resilient::Retry::new(3),
        );
        static __RESILIENT_BREAKER: __resilient::BreakerLayer = __resilient::BreakerLayer::keyed(
            &__RESILIENT_SITE,
            __resilient::CircuitBreakerSettings::new()
                .open_for(__resilient::Duration::from_secs(10)),
            10000,
        );
        __resilient::submit! {
            __resilient::Registration(& __RESILIENT_SITE)
        }
        (&__RESILIENT_SITE, &__RESILIENT_RETRY, &__RESILIENT_BREAKER)
    };
    let running = site.enter();
    let breaker = match &&host[1..] {
        key => breaker.of_key(__resilient::key!(key)),
    };
    let mut attempts = retry.attempts();
    let outcome = loop {
        let attempt = attempts.start();
        let call = async {
            if let __resilient::Some(ret) = __resilient::None::<
                Result<Vec<u8>, Status>,
            > {
                return ret;
            }
            #[allow(clippy::diverging_sub_expression)]
            let ret: Result<Vec<u8>, Status> = { Ok(call(&host).await?) };
            #[allow(unreachable_code)] ret
        };
        let call = __resilient::judged(
            call,
            |error: &__resilient::ErrorOf<Result<Vec<u8>, Status>>| {
                __resilient::classify!(error)
            },
        );
        let call = breaker.guard(call);
        let call = attempt.run(call);
        let pause = match attempts.next(call.await) {
            __resilient::Break(outcome) => break outcome,
            __resilient::Continue(pause) => pause,
        };
        pause.await;
    };
    running.end(outcome).map_err(__resilient::Failure::into_error)
}
