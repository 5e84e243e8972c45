// SPDX-License-Identifier: MIT
//! The host itself; `main.rs` says what it serves.

use envres::{
    Code, Context, RenderOptions, Result, Scope, ScopeOptions, Session, Template, TemplateOptions,
    Text,
};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What a request is answered with.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// 200, 404 or 500.
    pub status: u16,
    /// Of the release that was served, or "".
    pub release: String,
    /// Of the body.
    pub content_type: &'static str,
    /// What visitors get: no error text, which is logged instead.
    pub body: String,
}

/// Parsed parts are kept as long as the scope that they came from is served.
struct Serving {
    scope: Scope,
    parsed: Mutex<HashMap<String, Template>>,
}

/// The live release of an app in one environment. Threads share one scope.
pub struct Dashboard {
    session: Session,
    serving: Mutex<Arc<Serving>>,
}

impl Dashboard {
    pub fn new(session: Session, environment: &str, app: &str) -> Result<Dashboard> {
        let options = ScopeOptions { app: Some(app), ..Default::default() };
        let scope = session.scope_with(environment, &options)?;
        let serving = Mutex::new(Arc::new(Serving { scope, parsed: Mutex::default() }));
        Ok(Dashboard { session, serving })
    }

    /// What is live now: one look at the file, a fresh scope only when something changed.
    fn current(&self) -> Result<Arc<Serving>> {
        let mut serving = self.serving.lock().unwrap_or_else(PoisonError::into_inner);
        let scope = self.session.latest(&serving.scope)?;
        if !scope.is_same(&serving.scope) {
            *serving = Arc::new(Serving { scope, parsed: Mutex::default() });
        }
        Ok(Arc::clone(&serving))
    }

    /// Text, type and release of a part; none: no such page.
    fn page(&self, path: &str) -> Result<Option<Answer>> {
        let serving = self.current()?;
        let scope = &serving.scope;
        if !scope.part_is_public(path) {
            return Ok(None);
        }
        let (context, content_type) = match path.rsplit_once('.').map_or("", |pair| pair.1) {
            "json" => (Context::Json, "application/json"),
            "js" => (Context::Text, "text/javascript"),
            "html" => (Context::Text, "text/html; charset=utf-8"),
            _ => (Context::Text, "text/plain; charset=utf-8"),
        };
        let kept = serving.parsed.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned();
        let template = match kept {
            Some(template) => template,
            None => {
                let options = TemplateOptions { context, ..Default::default() };
                let made = Template::with(scope.part(path)?, &options)?;
                let mut parsed = serving.parsed.lock().unwrap_or_else(PoisonError::into_inner);
                parsed.entry(path.to_owned()).or_insert(made).clone()
            }
        };
        let body = match template.render_with(scope, &RenderOptions::no_secrets())? {
            Text::Plain(body) => body,
            Text::Secret(_) => return Err(envres::Error::new(Code::SECRET_SINK, "a secret")),
        };
        Ok(Some(Answer { status: 200, release: scope.release().to_owned(), content_type, body }))
    }

    /// The answer to a path; what went wrong goes to `log`, since an error never holds a value.
    pub fn answer(&self, path: &str, log: &mut dyn Write) -> Answer {
        let (status, content_type, body) = match self.page(path.trim_start_matches('/')) {
            Ok(Some(answer)) => return answer,
            Ok(None) => (404, "text/plain", "there is no such page".to_owned()),
            Err(error) => {
                let _ = writeln!(log, "{error}");
                (500, "application/json", format!("{{\"error\": \"{}\"}}", error.name()))
            }
        };
        Answer { status, release: String::new(), content_type, body }
    }

    /// Answers until the listener fails; each connection has a thread of its own.
    pub fn serve(
        &self,
        listener: &TcpListener,
    ) -> std::result::Result<(), Box<dyn std::error::Error>> {
        std::thread::scope(|scope| loop {
            let (stream, _) = listener.accept()?;
            scope.spawn(move || {
                if let Err(error) = self.connection(stream) {
                    eprintln!("{error}");
                }
            });
        })
    }

    fn connection(&self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let mut first = String::new();
        BufReader::new((&stream).take(8192)).read_line(&mut first)?;
        let mut words = first.split(' ');
        let answer = match (words.next(), words.next()) {
            (Some("GET"), Some(path)) => self.answer(path, &mut std::io::stderr()),
            _ => return stream.write_all(b"HTTP/1.0 405 Method Not Allowed\r\n\r\n"),
        };
        let word = match answer.status {
            200 => "OK",
            404 => "Not Found",
            _ => "Internal Server Error",
        };
        write!(
            stream,
            "HTTP/1.0 {} {word}\r\nContent-Type: {}\r\nX-Release: {}\r\nContent-Length: {}\r\n\r\n{}",
            answer.status,
            answer.content_type,
            answer.release,
            answer.body.len(),
            answer.body
        )
    }
}
