//! Answers, encoded: what both clients need to see in them, and in no other form.

use core::fmt;

use bytes::Bytes;
use serde::Serialize;

/// An error as a client is told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RpcError {
    message: String,
    code: Option<ErrorCode>,
}

/// The codes of errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// `bad request`
    BadRequest,
    /// `model not found`
    ModelNotFound,
    /// `no credentials provided`
    NoCredentials,
    /// `not found`
    NotFound,
    /// `not implemented`
    NotImplemented,
    /// `not supported`
    NotSupported,
    /// `quota limit exceeded`
    QuotaLimitExceeded,
    /// `try again`
    TryAgain,
    /// `unauthorized access`
    Unauthorized,
}

impl ErrorCode {
    /// As it is sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "bad request",
            Self::ModelNotFound => "model not found",
            Self::NoCredentials => "no credentials provided",
            Self::NotFound => "not found",
            Self::NotImplemented => "not implemented",
            Self::NotSupported => "not supported",
            Self::QuotaLimitExceeded => "quota limit exceeded",
            Self::TryAgain => "try again",
            Self::Unauthorized => "unauthorized access",
        }
    }
}

impl RpcError {
    /// An error with a code.
    pub fn new(message: impl Into<String>, code: ErrorCode) -> Self {
        Self { message: message.into(), code: Some(code) }
    }

    /// An error that has no code.
    pub fn plain(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: None }
    }

    /// Logged in, but not allowed.
    pub fn permission_denied() -> Self {
        Self::new("permission denied", ErrorCode::Unauthorized)
    }

    /// The user is not known, or the password is wrong: nobody is told which.
    pub fn bad_login() -> Self {
        Self::new("invalid entity name or password", ErrorCode::Unauthorized)
    }

    /// There is no such model.
    pub fn unknown_model(model: impl fmt::Display) -> Self {
        Self::new(format!("unknown model: \"{model}\""), ErrorCode::ModelNotFound)
    }

    /// There is no such watcher on this connection.
    pub fn unknown_watcher() -> Self {
        Self::new("unknown watcher id", ErrorCode::NotFound)
    }

    /// The text.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The code, if it has one.
    pub fn code(&self) -> Option<ErrorCode> {
        self.code
    }
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::error::Error for RpcError {}

/// What stands before a result that is encoded already; [`tail`] stands after it.
pub fn head(request_id: u64) -> Bytes {
    Bytes::from(format!("{{\"request-id\":{request_id},\"response\":"))
}

/// What stands after a result.
pub fn tail() -> Bytes {
    Bytes::from_static(b"}\n")
}

/// A whole reply that tells a result. There is no `error` in it, for clients look whether there is one, not what it says.
pub fn encode_result(request_id: u64, result: &impl Serialize) -> Bytes {
    let mut text = head(request_id).to_vec();
    serde_json::to_writer(&mut text, result).expect("results have text keys and are written to memory");
    text.extend_from_slice(&tail());
    text.into()
}

/// A whole reply that tells an error. It has an empty `response`, which python-libjuju cannot do without.
pub fn encode_error(request_id: u64, error: &RpcError) -> Bytes {
    #[derive(Serialize)]
    #[serde(rename_all = "kebab-case")]
    struct Reply<'a> {
        request_id: u64,
        error: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        error_code: Option<&'static str>,
        response: Empty,
    }
    #[derive(Serialize)]
    struct Empty {}
    let error_code = error.code.map(ErrorCode::as_str);
    let reply = Reply { request_id, error: &error.message, error_code, response: Empty {} };
    let mut text = serde_json::to_vec(&reply).expect("a reply has text keys and is written to memory");
    text.push(b'\n');
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &Bytes) -> &str {
        core::str::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_result_has_no_error_and_an_error_has_a_response() {
        let result = encode_result(3, &serde_json::json!({}));
        assert_eq!(text(&result), "{\"request-id\":3,\"response\":{}}\n");
        let error = encode_error(3, &RpcError::unknown_watcher());
        let expected =
            "{\"request-id\":3,\"error\":\"unknown watcher id\",\"error-code\":\"not found\",\"response\":{}}\n";
        assert_eq!(text(&error), expected);
        let plain = encode_error(3, &RpcError::plain("watcher was stopped"));
        assert_eq!(text(&plain), "{\"request-id\":3,\"error\":\"watcher was stopped\",\"response\":{}}\n");
    }
}
