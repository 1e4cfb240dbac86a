impl Client {
    async fn get(&self, key: &str) -> Result<Vec<u8>, Status> {
        use ::resilient_runtime::__private as __resilient;
        let (site, breaker) = {
            static __RESILIENT_SITE: __resilient::Site = __resilient::site(
                __resilient::path_of(&|| ()),
                &[&__RESILIENT_BREAKER],
            );
            static __RESILIENT_BREAKER: __resilient::BreakerLayer = __resilient::BreakerLayer::shared(
                &__RESILIENT_SITE,
            );
            __resilient::submit! {
                __resilient::Registration(& __RESILIENT_SITE)
            }
            (&__RESILIENT_SITE, &__RESILIENT_BREAKER)
        };
        let running = site.enter();
        let state: &__resilient::CircuitBreaker = &self.breaker;
        let breaker = breaker.over(state);
        let call = async {
            if let __resilient::Some(ret) = __resilient::None::<
                Result<Vec<u8>, Status>,
            > {
                return ret;
            }
            #[allow(clippy::diverging_sub_expression)]
            let ret: Result<Vec<u8>, Status> = { Ok(self.inner.get(key).await?) };
            #[allow(unreachable_code)] ret
        };
        let call = __resilient::judged(
            call,
            |error: &__resilient::ErrorOf<Result<Vec<u8>, Status>>| {
                __resilient::classified!(error, judge)
            },
        );
        let call = breaker.guard(call);
        let outcome = call.await;
        running.end(outcome).map_err(__resilient::Failure::into_error)
    }
}
