impl Get for Client {
    fn get<'life0, 'life1, 'async_trait>(
        &'life0 self,
        key: &'life1 str,
        seen: u32,
    ) -> ::core::pin::Pin<
        Box<
            dyn ::core::future::Future<
                Output = Result<Vec<u8>, Status>,
            > + ::core::marker::Send + 'async_trait,
        >,
    >
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            if let ::core::option::Option::Some(__ret) = ::core::option::Option::None::<
                Result<Vec<u8>, Status>,
            > {
                #[allow(unreachable_code)] return __ret;
            }
            let __self = self;
            let seen = seen;
            let __ret: Result<Vec<u8>, Status> = {
                #[fallback]
                use {};
                use ::resilient_runtime::__private as __resilient;
                let (site, retry, fallback) = {
                    static __RESILIENT_SITE: __resilient::Site = __resilient::site(
                        __resilient::path_of(&|| ()),
                        &[&__RESILIENT_RETRY, &__RESILIENT_FALLBACK],
                    );
                    static __RESILIENT_RETRY: __resilient::RetryLayer = __resilient::RetryLayer::new(
                            &__RESILIENT_SITE,
                            __resilient::Retry::new(3),
                        )
                        .per_call(&["count"]);
                    static __RESILIENT_FALLBACK: __resilient::FallbackLayer = __resilient::FallbackLayer::new(
                        &__RESILIENT_SITE,
                    );
                    __resilient::submit! {
                        __resilient::Registration(& __RESILIENT_SITE)
                    }
                    (&__RESILIENT_SITE, &__RESILIENT_RETRY, &__RESILIENT_FALLBACK)
                };
                let running = site.enter();
                let retry_settings = retry.code().count(__self.attempts);
                let mut attempts = retry.attempts_with(retry_settings);
                let outcome = loop {
                    let attempt = attempts.start();
                    let call = async {
                        let own_seen = __resilient::copy(&seen);
                        let call = async {
                            if let __resilient::Some(ret) = __resilient::None::<
                                Result<Vec<u8>, Status>,
                            > {
                                return ret;
                            }
                            #[allow(clippy::shadow_unrelated)]
                            let mut seen = own_seen;
                            #[allow(clippy::diverging_sub_expression)]
                            let ret: Result<Vec<u8>, Status> = {
                                seen += 1;
                                Ok(__self.inner.get(key, seen).await?)
                            };
                            #[allow(unreachable_code)] ret
                        };
                        let call = __resilient::judged(
                            call,
                            |error: &__resilient::ErrorOf<Result<Vec<u8>, Status>>| {
                                __resilient::classify!(error)
                            },
                        );
                        let failure = match call.await {
                            __resilient::Err(
                                failure,
                            ) if fallback
                                .replaces_own_when(
                                    &failure,
                                    __resilient::predicate::<
                                        Result<Vec<u8>, Status>,
                                        _,
                                    >(Status::is_gone),
                                ) => failure,
                            outcome => return outcome,
                        };
                        let ret = __resilient::answer(
                                Self::stale(
                                    __self,
                                    key,
                                    __resilient::copy(&seen),
                                    failure.into_error(),
                                ),
                            )
                            .await;
                        __resilient::judge(
                            fallback.answered(ret),
                            |error: &__resilient::ErrorOf<Result<Vec<u8>, Status>>| {
                                __resilient::classify!(error)
                            },
                        )
                    };
                    let call = attempt.run(call);
                    let pause = match attempts.next(call.await) {
                        __resilient::Break(outcome) => break outcome,
                        __resilient::Continue(pause) => pause,
                    };
                    pause.await;
                };
                running.end(outcome).map_err(__resilient::Judged::into_error)
            };
            #[allow(unreachable_code)] __ret
        })
    }
}
