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
    #[::resilient_runtime::resilient(
        __of_impl(HF2BB3D2405A757C2),
        rate_limit(per_second = 100, key = tenant),
        adaptive_concurrency(side = "server"),
        bulkhead(max_concurrent = 5, scope = "method"),
        circuit_breaker(scope = "impl", min_calls = 5),
        retry(scope = "impl", budget = RetryBudget::strict(), key = tenant),
        name = "store",
    )]
    ///Gets it.
    #[cfg_attr(feature = "calm", resilient(skip))]
    async fn get(&self, tenant: u32) -> Result<Vec<u8>, Status> {
        Ok(self.inner.get(tenant).await?)
    }
    #[::resilient_runtime::resilient(
        __of_impl(HF2BB3D2405A757C2),
        rate_limit(per_second = 100, key = tenant),
        adaptive_concurrency(side = "server"),
        bulkhead(max_concurrent = 5, scope = "method"),
        circuit_breaker(scope = "impl", min_calls = 5),
        retry(scope = "impl", budget = RetryBudget::strict(), key = tenant),
        name = "store",
    )]
    #[timeout("1s")]
    async fn put(&self, tenant: u32) -> Result<(), Status> {
        Ok(self.inner.put(tenant).await?)
    }
    #[::resilient_runtime::resilient(
        __of_impl(HF2BB3D2405A757C2),
        rate_limit(per_second = 100, key = tenant),
        adaptive_concurrency(side = "server"),
        bulkhead(max_concurrent = 5, scope = "method"),
        circuit_breaker(scope = "impl", min_calls = 5),
        retry(scope = "impl", budget = RetryBudget::strict(), key = tenant),
        name = "store",
    )]
    #[resilient(skip)]
    async fn ping(&self) {}
    fn len(&self) -> usize {
        self.inner.len()
    }
}
