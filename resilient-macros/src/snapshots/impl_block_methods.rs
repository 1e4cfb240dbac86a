static __RESILIENT_IMPL_RATE_LIMIT_HF2BB3D2405A757C2: ::resilient_runtime::__private::Keyed<
    ::resilient_runtime::__private::RateLimiter,
> = {
    use ::resilient_runtime::__private as __resilient;
    __resilient::Keyed::new(
            __resilient::RateLimiter::with(
                __resilient::RateLimiterSettings::per_second(100),
            ),
        )
        .max_keys(10000)
};
static __RESILIENT_IMPL_LIMITER_HF2BB3D2405A757C2: ::resilient_runtime::__private::AdaptiveConcurrency<
    ::resilient_runtime::__private::Elasticity,
> = {
    use ::resilient_runtime::__private as __resilient;
    __resilient::AdaptiveConcurrency::with(
        __resilient::AdaptiveConcurrencySettings::new(),
    )
};
static __RESILIENT_IMPL_BREAKER_HF2BB3D2405A757C2: ::resilient_runtime::__private::CircuitBreaker = {
    use ::resilient_runtime::__private as __resilient;
    __resilient::CircuitBreaker::with(
        __resilient::CircuitBreakerSettings::new().min_calls(5),
    )
};
static __RESILIENT_IMPL_RETRY_HF2BB3D2405A757C2: ::resilient_runtime::__private::Keyed<
    ::resilient_runtime::__private::RetryBudget,
> = {
    use ::resilient_runtime::__private as __resilient;
    __resilient::Keyed::new(RetryBudget::strict()).max_keys(10000)
};
impl<T: Send> Get for Store<T> {
    type Answer = Vec<u8>;
    ///Gets it.
    #[cfg_attr(feature = "calm", resilient(skip))]
    async fn get(&self, tenant: u32) -> Result<Vec<u8>, Status> {
        use ::resilient_runtime::__private as __resilient;
        let (site, rate_limit, limiter, bulkhead, breaker, retry) = {
            static __RESILIENT_SITE: __resilient::Site = __resilient::site(
                || "store::get",
                &[
                    &__RESILIENT_RATE_LIMIT,
                    &__RESILIENT_LIMITER,
                    &__RESILIENT_BULKHEAD,
                    &__RESILIENT_BREAKER,
                    &__RESILIENT_RETRY,
                ],
            );
            static __RESILIENT_RATE_LIMIT: __resilient::RateLimitLayer = __resilient::RateLimitLayer::of_impl_keyed(
                &__RESILIENT_SITE,
                &__RESILIENT_IMPL_RATE_LIMIT_HF2BB3D2405A757C2,
            );
            static __RESILIENT_LIMITER: __resilient::AdaptiveLayer<
                __resilient::Elasticity,
            > = __resilient::AdaptiveLayer::of_impl(
                &__RESILIENT_SITE,
                &__RESILIENT_IMPL_LIMITER_HF2BB3D2405A757C2,
            );
            static __RESILIENT_BULKHEAD: __resilient::BulkheadLayer = __resilient::BulkheadLayer::new(
                &__RESILIENT_SITE,
                __resilient::BulkheadSettings::new().max_concurrent(5),
            );
            static __RESILIENT_BREAKER: __resilient::BreakerLayer = __resilient::BreakerLayer::of_impl(
                &__RESILIENT_SITE,
                &__RESILIENT_IMPL_BREAKER_HF2BB3D2405A757C2,
            );
            static __RESILIENT_RETRY: __resilient::RetryLayer = __resilient::RetryLayer::of_impl_keyed(
                &__RESILIENT_SITE,
                __resilient::Retry::new(3),
                &__RESILIENT_IMPL_RETRY_HF2BB3D2405A757C2,
            );
            __resilient::submit! {
                __resilient::Registration(& __RESILIENT_SITE)
            }
            (
                &__RESILIENT_SITE,
                &__RESILIENT_RATE_LIMIT,
                &__RESILIENT_LIMITER,
                &__RESILIENT_BULKHEAD,
                &__RESILIENT_BREAKER,
                &__RESILIENT_RETRY,
            )
        };
        let running = site.enter();
        let rate_limit = match &tenant {
            key => rate_limit.of_key(__resilient::key!(key)),
        };
        let retry_budget = match &tenant {
            key => retry.budget_of_key(__resilient::key!(key)),
        };
        let call = async move {
            let mut attempts = retry.attempts().within(&retry_budget);
            loop {
                let attempt = attempts.start();
                let call = async {
                    if let __resilient::Some(ret) = __resilient::None::<
                        Result<Vec<u8>, Status>,
                    > {
                        return ret;
                    }
                    #[allow(clippy::diverging_sub_expression)]
                    let ret: Result<Vec<u8>, Status> = {
                        Ok(self.inner.get(tenant).await?)
                    };
                    #[allow(unreachable_code)] ret
                };
                let call = __resilient::judged(
                    call,
                    |error: &__resilient::ErrorOf<Result<Vec<u8>, Status>>| {
                        __resilient::classify!(error)
                    },
                );
                let call = attempt.run(call);
                let pause = match attempts.next(call.await) {
                    __resilient::Break(outcome) => break outcome,
                    __resilient::Continue(pause) => pause,
                };
                pause.await;
            }
        };
        let call = breaker.guard(call);
        let call = bulkhead.guard(call);
        let call = limiter.guard(call);
        let call = rate_limit.guard(call);
        let outcome = call.await;
        running.end(outcome).map_err(__resilient::Failure::into_error)
    }
    async fn put(&self, tenant: u32) -> Result<(), Status> {
        #[timeout]
        use {};
        use ::resilient_runtime::__private as __resilient;
        let (site, timeout) = {
            static __RESILIENT_SITE: __resilient::Site = __resilient::site(
                __resilient::path_of(&|| ()),
                &[&__RESILIENT_TIMEOUT],
            );
            static __RESILIENT_TIMEOUT: __resilient::TimeoutLayer = __resilient::TimeoutLayer::new(
                &__RESILIENT_SITE,
                __resilient::Timeout::new(__resilient::Duration::from_secs(1)),
            );
            __resilient::submit! {
                __resilient::Registration(& __RESILIENT_SITE)
            }
            (&__RESILIENT_SITE, &__RESILIENT_TIMEOUT)
        };
        let running = site.enter();
        let call = async move {
            if let __resilient::Some(ret) = __resilient::None::<Result<(), Status>> {
                return ret;
            }
            #[allow(clippy::diverging_sub_expression)]
            let ret: Result<(), Status> = { Ok(self.inner.put(tenant).await?) };
            #[allow(unreachable_code)] ret
        };
        let call = __resilient::judged(
            call,
            |error: &__resilient::ErrorOf<Result<(), Status>>| {
                __resilient::classify!(error)
            },
        );
        let call = timeout.limit(call);
        let outcome = call.await;
        running.end(outcome).map_err(__resilient::Failure::into_error)
    }
    async fn ping(&self) {
        #[resilient]
        use {};
    }
    fn len(&self) -> usize {
        self.inner.len()
    }
}
