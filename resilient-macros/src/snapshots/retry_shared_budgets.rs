impl Client {
    async fn get(&self, host: &Host) -> Result<Vec<u8>, Status> {
        use ::resilient_runtime::__private as __resilient;
        let (site, retry) = {
            static __RESILIENT_SITE: __resilient::Site = __resilient::site(
                __resilient::path_of(&|| ()),
                &[&__RESILIENT_RETRY],
            );
            static __RESILIENT_RETRY: __resilient::RetryLayer = __resilient::RetryLayer::shared(
                &__RESILIENT_SITE,
                __resilient::Retry::new(3),
            );
            __resilient::submit! {
                __resilient::Registration(& __RESILIENT_SITE)
            }
            (&__RESILIENT_SITE, &__RESILIENT_RETRY)
        };
        let running = site.enter();
        let state: &__resilient::Keyed<__resilient::RetryBudget> = &self.budgets;
        let retry_budget = match &host.name {
            key => retry.budget_over_key(state, __resilient::key!(key)),
        };
        let mut attempts = retry.attempts().within(&retry_budget);
        let outcome = loop {
            let attempt = attempts.start();
            let call = async {
                if let __resilient::Some(ret) = __resilient::None::<
                    Result<Vec<u8>, Status>,
                > {
                    return ret;
                }
                #[allow(clippy::diverging_sub_expression)]
                let ret: Result<Vec<u8>, Status> = { Ok(self.get(host).await?) };
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
        };
        running.end(outcome).map_err(__resilient::Judged::into_error)
    }
}
