impl Store {
    async fn get(&self, tenant: u32) -> Result<Vec<u8>, Status> {
        #[adaptive_concurrency]
        use {};
        use ::resilient_runtime::__private as __resilient;
        let (site, limiter, limiter_2, limiter_3) = {
            static __RESILIENT_SITE: __resilient::Site = __resilient::site(
                __resilient::path_of(&|| ()),
                &[&__RESILIENT_LIMITER, &__RESILIENT_LIMITER_2, &__RESILIENT_LIMITER_3],
            );
            static __RESILIENT_LIMITER: __resilient::AdaptiveLayer<
                __resilient::Elasticity,
            > = __resilient::AdaptiveLayer::new(
                &__RESILIENT_SITE,
                const { __resilient::check::bounds(LIMITS.max(200)) },
            );
            static __RESILIENT_LIMITER_2: __resilient::AdaptiveLayer<own::Algorithm> = __resilient::AdaptiveLayer::keyed(
                &__RESILIENT_SITE,
                __resilient::AdaptiveConcurrencySettings::new(),
                100,
            );
            static __RESILIENT_LIMITER_3: __resilient::AdaptiveLayer<
                __resilient::Elasticity,
            > = __resilient::AdaptiveLayer::shared(&__RESILIENT_SITE);
            __resilient::submit! {
                __resilient::Registration(& __RESILIENT_SITE)
            }
            (
                &__RESILIENT_SITE,
                &__RESILIENT_LIMITER,
                &__RESILIENT_LIMITER_2,
                &__RESILIENT_LIMITER_3,
            )
        };
        let running = site.enter();
        let limiter_2 = match &tenant {
            key => limiter_2.of_key(__resilient::key!(key)),
        };
        let state_3: &__resilient::AdaptiveConcurrency<_> = &self.limiter;
        let limiter_3 = limiter_3.over(state_3);
        let call = async {
            if let __resilient::Some(ret) = __resilient::None::<
                Result<Vec<u8>, Status>,
            > {
                return ret;
            }
            #[allow(clippy::diverging_sub_expression)]
            let ret: Result<Vec<u8>, Status> = { Ok(self.inner.get(tenant).await?) };
            #[allow(unreachable_code)] ret
        };
        let call = __resilient::judged(
            call,
            |error: &__resilient::ErrorOf<Result<Vec<u8>, Status>>| {
                __resilient::classify!(error)
            },
        );
        let call = limiter_3.guard(call);
        let call = limiter_2.guard(call);
        let call = limiter.guard(call);
        let outcome = call.await;
        running.end(outcome).map_err(__resilient::Failure::into_error)
    }
}
