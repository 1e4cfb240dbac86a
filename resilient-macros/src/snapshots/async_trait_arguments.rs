impl Get for Client {
    fn get<'life0, 'life1, 'async_trait>(
        &'life0 mut self,
        __arg1: Pair,
        __arg2: u32,
        key: String,
        seen: &'life1 mut Vec<u32>,
    ) -> ::core::pin::Pin<
        Box<
            dyn ::core::future::Future<
                Output = Result<u32, Status>,
            > + ::core::marker::Send + 'async_trait,
        >,
    >
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            if let ::core::option::Option::Some(__ret) = ::core::option::Option::None::<
                Result<u32, Status>,
            > {
                #[allow(unreachable_code)] return __ret;
            }
            let mut __self = self;
            let Pair { a, b } = {
                let __arg1 = __arg1;
                __arg1
            };
            let __arg2 = __arg2;
            let key = key;
            let __ret: Result<u32, Status> = {
                #[retry]
                use {};
                use ::resilient_runtime::__private as __resilient;
                let (site, fallback, retry) = {
                    static __RESILIENT_SITE: __resilient::Site = __resilient::site(
                        __resilient::path_of(&|| ()),
                        &[&__RESILIENT_FALLBACK, &__RESILIENT_RETRY],
                    );
                    static __RESILIENT_FALLBACK: __resilient::FallbackLayer = __resilient::FallbackLayer::new(
                        &__RESILIENT_SITE,
                    );
                    static __RESILIENT_RETRY: __resilient::RetryLayer = __resilient::RetryLayer::new(
                        &__RESILIENT_SITE,
                        __resilient::Retry::new(3),
                    );
                    __resilient::submit! {
                        __resilient::Registration(& __RESILIENT_SITE)
                    }
                    (&__RESILIENT_SITE, &__RESILIENT_FALLBACK, &__RESILIENT_RETRY)
                };
                let running = site.enter();
                {
                    let mut attempts = retry.attempts();
                    let outcome = loop {
                        let attempt = attempts.start();
                        let own_a = __resilient::copy(&a);
                        let own_key = __resilient::copy(&key);
                        let call = async {
                            if let __resilient::Some(ret) = __resilient::None::<
                                Result<u32, Status>,
                            > {
                                return ret;
                            }
                            #[allow(clippy::shadow_unrelated)]
                            let mut a = own_a;
                            #[allow(clippy::shadow_unrelated)]
                            let key = own_key;
                            #[allow(clippy::diverging_sub_expression)]
                            let ret: Result<u32, Status> = {
                                a += b;
                                __self.call(a, key, seen).await
                            };
                            #[allow(unreachable_code)] ret
                        };
                        let call = __resilient::judged(
                            call,
                            |error: &__resilient::ErrorOf<Result<u32, Status>>| {
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
                    match outcome {
                        __resilient::Err(failure) if fallback.replaces(&failure) => {}
                        outcome => {
                            return running
                                .end(outcome)
                                .map_err(__resilient::Judged::into_error);
                        }
                    }
                }
                let ret: Result<u32, Status> = Ok(b);
                running.answer(ret)
            };
            #[allow(unreachable_code)] __ret
        })
    }
}
