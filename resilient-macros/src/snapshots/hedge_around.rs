async fn call_get(client: &CacheClient, key: String) -> Result<Vec<u8>, Status> {
    #[hedge]
    use {};
    #[timeout]
    use {};
    #[circuit_breaker]
    use {};
    use ::resilient_runtime::__private as __resilient;
    let (site, timeout, hedge, timeout_2, breaker) = {
        static __RESILIENT_SITE: __resilient::Site = __resilient::site(
            __resilient::path_of(&|| ()),
            &[
                &__RESILIENT_TIMEOUT,
                &__RESILIENT_HEDGE,
                &__RESILIENT_TIMEOUT_2,
                &__RESILIENT_BREAKER,
            ],
        );
        static __RESILIENT_TIMEOUT: __resilient::TimeoutLayer = __resilient::TimeoutLayer::new(
            &__RESILIENT_SITE,
            __resilient::Timeout::new(__resilient::Duration::from_secs(2)),
        );
        static __RESILIENT_HEDGE: __resilient::HedgeLayer = __resilient::HedgeLayer::new(
                &__RESILIENT_SITE,
                CALM,
            )
            .per_call(&["after"]);
        static __RESILIENT_TIMEOUT_2: __resilient::TimeoutLayer = __resilient::TimeoutLayer::new(
            &__RESILIENT_SITE,
            __resilient::Timeout::new(__resilient::Duration::from_millis(500)),
        );
        static __RESILIENT_BREAKER: __resilient::BreakerLayer = __resilient::BreakerLayer::new(
            &__RESILIENT_SITE,
            __resilient::CircuitBreakerSettings::new(),
        );
        __resilient::submit! {
            __resilient::Registration(& __RESILIENT_SITE)
        }
        (
            &__RESILIENT_SITE,
            &__RESILIENT_TIMEOUT,
            &__RESILIENT_HEDGE,
            &__RESILIENT_TIMEOUT_2,
            &__RESILIENT_BREAKER,
        )
    };
    let running = site.enter();
    let hedge_settings = hedge
        .code()
        .after(
            __resilient::HedgeAfter::from(
                __resilient::Duration::from_millis(self.patience),
            ),
        );
    let call = hedge
        .run_with(
            hedge_settings,
            || {
                let call = async {
                    if let __resilient::Some(ret) = __resilient::None::<
                        Result<Vec<u8>, Status>,
                    > {
                        return ret;
                    }
                    #[allow(clippy::diverging_sub_expression)]
                    let ret: Result<Vec<u8>, Status> = { Ok(client.get(&key).await?) };
                    #[allow(unreachable_code)] ret
                };
                let call = __resilient::judged(
                    call,
                    |error: &__resilient::ErrorOf<Result<Vec<u8>, Status>>| {
                        __resilient::classify!(error)
                    },
                );
                let call = breaker.guard(call);
                let call = timeout_2.limit(call);
                call
            },
        );
    let call = timeout.limit(call);
    let outcome = call.await;
    running.end(outcome).map_err(__resilient::Failure::into_error)
}
