async fn get(config: &Config, request: Request, seen: u32) -> Result<Vec<u8>, Status> {
    use ::resilient_runtime::__private as __resilient;
    let (site, retry) = {
        static __RESILIENT_SITE: __resilient::Site = __resilient::site(
            __resilient::path_of(&|| ()),
            &[&__RESILIENT_RETRY],
        );
        static __RESILIENT_RETRY: __resilient::RetryLayer = __resilient::RetryLayer::unbudgeted(
                &__RESILIENT_SITE,
                __resilient::Retry::new(3).on_timeout(__resilient::OnTimeout::Abort),
            )
            .per_call(&["count", "delay", "backoff"]);
        __resilient::submit! {
            __resilient::Registration(& __RESILIENT_SITE)
        }
        (&__RESILIENT_SITE, &__RESILIENT_RETRY)
    };
    let running = site.enter();
    let retry_settings = retry
        .code()
        .count(config.attempts)
        .delay(__resilient::Duration::from_millis(config.delay));
    let mut attempts = retry.attempts_with(retry_settings);
    let outcome = loop {
        let attempt = attempts.start();
        let own_request = __resilient::copy(&request);
        let own_seen = __resilient::copy(&seen);
        let call = async {
            if let __resilient::Some(ret) = __resilient::None::<
                Result<Vec<u8>, Status>,
            > {
                return ret;
            }
            #[allow(clippy::shadow_unrelated)]
            let request = own_request;
            #[allow(clippy::shadow_unrelated)]
            let mut seen = own_seen;
            #[allow(clippy::diverging_sub_expression)]
            let ret: Result<Vec<u8>, Status> = {
                seen += 1;
                send(request, seen).await
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
        let pause = match attempts
            .next_by(
                call.await,
                &__resilient::rules::<Result<Vec<u8>, Status>>()
                    .when(|error| error.code() == Code::Unavailable)
                    .on_retry(|attempt| log(attempt))
                    .backoff(
                        &__resilient::backoff(|n| Duration::from_millis(u64::from(n))),
                    ),
            )
        {
            __resilient::Break(outcome) => break outcome,
            __resilient::Continue(pause) => pause,
        };
        pause.await;
    };
    running.end(outcome).map_err(__resilient::Judged::into_error)
}
