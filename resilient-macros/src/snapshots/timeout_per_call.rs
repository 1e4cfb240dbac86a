impl Client {
    async fn get(&self, key: &str) -> Result<Vec<u8>, Refused> {
        use ::resilience::__private as __resilient;
        let (site, timeout) = {
            static __RESILIENT_SITE: __resilient::Site = __resilient::site(
                || "client.get",
                &[&__RESILIENT_TIMEOUT],
            );
            static __RESILIENT_TIMEOUT: __resilient::TimeoutLayer = __resilient::TimeoutLayer::new(
                    &__RESILIENT_SITE,
                    __resilient::Timeout::new(__resilient::Duration::from_secs(1)),
                )
                .per_call(&["after"]);
            __resilient::submit! {
                __resilient::Registration(& __RESILIENT_SITE)
            }
            (&__RESILIENT_SITE, &__RESILIENT_TIMEOUT)
        };
        let running = site.enter();
        let timeout_after: __resilient::Duration = self.limit;
        let call = async move {
            if let __resilient::Some(ret) = __resilient::None::<
                Result<Vec<u8>, Refused>,
            > {
                return ret;
            }
            #[allow(clippy::diverging_sub_expression)]
            let ret: Result<Vec<u8>, Refused> = { Ok(self.inner.get(key).await?) };
            #[allow(unreachable_code)] ret
        };
        let call = __resilient::judged(
            call,
            |error: &__resilient::ErrorOf<Result<Vec<u8>, Refused>>| {
                __resilient::classify!(error)
            },
        );
        let call = timeout.limit_to(timeout_after, call);
        let outcome = call.await;
        running.end(outcome).map_err(|failure| failure.into_error_by(Refused::from))
    }
}
