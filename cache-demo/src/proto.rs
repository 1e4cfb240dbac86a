//! What tonic makes of `proto/cache.proto`.
#![allow(unreachable_pub, missing_debug_implementations)]

tonic::include_proto!("cache.v1");
