//! Compresses answers, but for streams, which would be held back, and what is compressed already.

use tower_http::{
    CompressionLevel,
    compression::{
        CompressionLayer,
        predicate::{And, DefaultPredicate, NotForContentType, Predicate as _},
    },
};

/// Level 4 is where brotli stops being cheap.
pub fn layer() -> CompressionLayer<And<DefaultPredicate, NotForContentType>> {
    let streams = NotForContentType::const_new("text/event-stream");
    CompressionLayer::new()
        .quality(CompressionLevel::Precise(4))
        .compress_when(DefaultPredicate::new().and(streams))
}
