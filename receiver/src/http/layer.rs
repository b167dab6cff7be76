//! The checks in front of any service.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{Request, StatusCode};
use tower_layer::Layer;
use tower_service::Service;

use super::VerifyRejection;
use super::accept::Content;
use super::log::Record;
use super::metered::Outcome;
use crate::clock;
use crate::receiver::Receiver;

/// Lets only verified requests through to a service, whatever their content is.
///
/// The body is read within the receiver's own bounds before the service sees anything of it, and
/// handed on byte for byte; a [`Sender`](crate::Sender) is in the request's extensions. A
/// compressed body is refused, unless [`VerifyLayer::encoded_bodies`] says otherwise: its
/// signature is over the compressed bytes, so decompress behind this layer, within a bound.
///
/// ```
/// use axum::body::Body;
/// use http::{Request, Response};
/// use segue_receiver::{Receiver, Sender};
/// use tower::{Layer, service_fn};
///
/// # fn example(receiver: Receiver) {
/// let service = service_fn(async |request: Request<Body>| {
///     let sender = request.extensions().get::<Sender>();
///     let client_id = sender.map_or("", Sender::client_id).to_owned();
///     Ok::<_, std::convert::Infallible>(Response::new(Body::from(client_id)))
/// });
/// let verified = receiver.layer().layer(service);
/// # drop(verified);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct VerifyLayer {
    receiver: Receiver,
    content: Content,
}

impl VerifyLayer {
    pub(crate) const fn new(receiver: Receiver) -> Self {
        Self {
            receiver,
            content: Content::Plain,
        }
    }

    /// Lets compressed bodies through as they are.
    #[must_use]
    pub const fn encoded_bodies(mut self) -> Self {
        self.content = Content::Any;
        self
    }
}

impl<S> Layer<S> for VerifyLayer {
    type Service = VerifyService<S>;

    fn layer(&self, inner: S) -> VerifyService<S> {
        VerifyService {
            layer: self.clone(),
            inner,
        }
    }
}

/// A service behind a [`VerifyLayer`].
#[derive(Clone, Debug)]
pub struct VerifyService<S> {
    layer: VerifyLayer,
    inner: S,
}

impl<S, B> Service<Request<B>> for VerifyService<S>
where
    S: Service<Request<Body>> + Clone + Send + 'static,
    S::Response: IntoResponse,
    S::Future: Send,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The one that is ready does the work, a clone takes its place.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let layer = self.layer.clone();
        Box::pin(async move {
            match layer.check(request.map(Body::new)).await {
                Ok(request) => inner.call(request).await.map(IntoResponse::into_response),
                Err(rejection) => Ok(rejection.into_response()),
            }
        })
    }
}

impl VerifyLayer {
    async fn check(&self, request: Request<Body>) -> Result<Request<Body>, VerifyRejection> {
        let mut record = Record::start();
        let now = clock::now();
        let accepted = self
            .receiver
            .accept(request, self.content, now, &mut record);
        match accepted.await {
            Ok(accepted) => {
                record.done(&self.receiver, StatusCode::OK, Outcome::Verified);
                let mut parts = accepted.parts;
                parts.extensions.insert(accepted.sender);
                Ok(Request::from_parts(parts, Body::from(accepted.body)))
            }
            Err(why) => {
                record.refused(&self.receiver, why.status(), why.cause(), &why);
                Err(why)
            }
        }
    }
}
