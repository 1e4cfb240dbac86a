impl Store {
    async fn dump(&self, tenant: u32) -> Result<Vec<Entry>, Status> {
        #[bulkhead]
        use {};
        use ::resilient_runtime::__private as __resilient;
        let (site, bulkhead, bulkhead_2) = {
            static __RESILIENT_SITE: __resilient::Site = __resilient::site(
                __resilient::path_of(&|| ()),
                &[&__RESILIENT_BULKHEAD, &__RESILIENT_BULKHEAD_2],
            );
            static __RESILIENT_BULKHEAD: __resilient::BulkheadLayer = __resilient::BulkheadLayer::new(
                &__RESILIENT_SITE,
                __resilient::BulkheadSettings::new().max_concurrent(20).max_queue(100),
            );
            static __RESILIENT_BULKHEAD_2: __resilient::BulkheadLayer = __resilient::BulkheadLayer::shared(
                &__RESILIENT_SITE,
            );
            __resilient::submit! {
                __resilient::Registration(& __RESILIENT_SITE)
            }
            (&__RESILIENT_SITE, &__RESILIENT_BULKHEAD, &__RESILIENT_BULKHEAD_2)
        };
        let running = site.enter();
        let state_2: &__resilient::Keyed<__resilient::Bulkhead> = &self.tenants;
        let bulkhead_2 = match &(tenant, self.region) {
            key => {
                bulkhead_2
                    .over_key(state_2, __resilient::key!(key))
                    .max_wait(self.patience)
            }
        };
        let call = async {
            if let __resilient::Some(ret) = __resilient::None::<
                Result<Vec<Entry>, Status>,
            > {
                return ret;
            }
            #[allow(clippy::diverging_sub_expression)]
            let ret: Result<Vec<Entry>, Status> = { Ok(self.entries(tenant).await?) };
            #[allow(unreachable_code)] ret
        };
        let call = __resilient::judged(
            call,
            |error: &__resilient::ErrorOf<Result<Vec<Entry>, Status>>| {
                __resilient::classify!(error)
            },
        );
        let call = bulkhead_2.guard(call);
        let call = bulkhead.guard(call);
        let outcome = call.await;
        running.end(outcome).map_err(__resilient::Failure::into_error)
    }
}
