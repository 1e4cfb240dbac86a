impl Client {
    async fn get(&self, request: Request, seen: u32) -> Result<Vec<u8>, Status> {
        #[hedge]
        use {};
        use ::resilient_runtime::__private as __resilient;
        let (site, retry, hedge) = {
            static __RESILIENT_SITE: __resilient::Site = __resilient::site(
                __resilient::path_of(&|| ()),
                &[&__RESILIENT_RETRY, &__RESILIENT_HEDGE],
            );
            static __RESILIENT_RETRY: __resilient::RetryLayer = __resilient::RetryLayer::new(
                &__RESILIENT_SITE,
                __resilient::Retry::new(3),
            );
            static __RESILIENT_HEDGE: __resilient::HedgeLayer = __resilient::HedgeLayer::new(
                    &__RESILIENT_SITE,
                    __resilient::Hedge::new()
                        .after(__resilient::HedgeAfter::Percentile(99.9))
                        .max(2)
                        .budget(0.05),
                )
                .per_call(&["min_samples"]);
            __resilient::submit! {
                __resilient::Registration(& __RESILIENT_SITE)
            }
            (&__RESILIENT_SITE, &__RESILIENT_RETRY, &__RESILIENT_HEDGE)
        };
        let running = site.enter();
        let hedge_settings = hedge.code().min_samples(self.samples);
        let mut attempts = retry.attempts();
        let outcome = loop {
            let attempt = attempts.start();
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
                            #[allow(clippy::shadow_reuse, clippy::shadow_unrelated)]
                            let request = __resilient::copy(&request);
                            #[allow(clippy::shadow_reuse, clippy::shadow_unrelated)]
                            let mut seen = __resilient::copy(&seen);
                            #[allow(clippy::diverging_sub_expression)]
                            let ret: Result<Vec<u8>, Status> = {
                                seen += 1;
                                self.send(request, seen).await
                            };
                            #[allow(unreachable_code)] ret
                        };
                        let call = __resilient::judged(
                            call,
                            |error: &__resilient::ErrorOf<Result<Vec<u8>, Status>>| {
                                __resilient::classify!(error)
                            },
                        );
                        call
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
