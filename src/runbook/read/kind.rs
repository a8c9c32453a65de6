//! Probe kinds.

use crate::runbook::kinds::{
    CommandText, ConfigFormat, ConfigProbe, Docker, DockerFigure, DockerOf, FileProbe, Git, Http, Openapi, Port,
    Postgres, ProbeKind, Prometheus, Report, ReportFormat, RunProbe, ScriptProbe, Tcp, Tls, Via,
};
use crate::runbook::model::Want;
use crate::runbook::tree::Node;
use crate::runbook::{Fault, keys};

use super::reader::{Cx, Reader, list};
use super::split;

impl Cx<'_, '_, '_> {
    /// The kind of a probe.
    pub fn probe_kind(&mut self) -> Option<ProbeKind> {
        if self.get("run").is_some() {
            let command = self.command("run");
            let (cwd, env) = (self.text("cwd", Want::Shown), self.text_map("env", Want::Hidden));
            return command.map(|command| ProbeKind::Run(RunProbe { command, cwd, env }));
        }
        if self.get("script").is_some() {
            let script = self.script("script");
            let (cwd, env) = (self.text("cwd", Want::Shown), self.text_map("env", Want::Hidden));
            let shell = self.plain("shell");
            return script.map(|(script, _)| ProbeKind::Script(ScriptProbe { script, shell, cwd, env }));
        }
        if self.get("all_of").is_some() {
            return Some(ProbeKind::AllOf(self.names("all_of")));
        }
        if self.get("any_of").is_some() {
            return Some(ProbeKind::AnyOf(self.names("any_of")));
        }
        let key = keys::PROBE_KINDS.into_iter().find(|key| self.get(key).is_some())?;
        self.within(key, |cx| cx.api_kind(key)).flatten()
    }

    fn request(&mut self) -> Http {
        Http {
            url: self.needed("url"),
            method: self.hidden("method"),
            headers: self.text_map("headers", Want::Hidden),
            body: self.hidden("body"),
            ca: self.hidden("ca"),
            fingerprint: self.hidden("fingerprint"),
            cert: self.hidden("cert"),
            key: self.hidden("key"),
            basic_auth: self.hidden("basic_auth"),
            bearer: self.hidden("bearer"),
            origin: self.hidden("origin"),
            via: self.via(),
            keep_alive: false,
        }
    }

    fn via(&mut self) -> Option<Via> {
        self.within("via", |cx| Via {
            pod: cx.hidden("pod"),
            context: cx.hidden("context"),
            namespace: cx.hidden("namespace"),
        })
    }

    fn docker(&mut self) -> Docker {
        let of = self.word(
            "of",
            &[
                ("engine", DockerOf::Engine),
                ("project", DockerOf::Project),
                ("images", DockerOf::Images),
                ("environment", DockerOf::Environment),
                ("stats", DockerOf::Stats),
                ("volumes", DockerOf::Volumes),
            ],
        );
        let docker = Docker {
            of: of.unwrap_or_default(),
            project: self.hidden("project"),
            services: self.texts("services", Want::Hidden),
            jobs: self.texts("jobs", Want::Hidden),
            images: self.texts("images", Want::Hidden),
            figure: self
                .word(
                    "figure",
                    &[
                        ("cpu", DockerFigure::Cpu),
                        ("memory", DockerFigure::Memory),
                        ("memory_share", DockerFigure::MemoryShare),
                        ("restarts", DockerFigure::Restarts),
                    ],
                )
                .unwrap_or_default(),
        };
        let lacks = match docker.of {
            _ if of.is_none() => None,
            DockerOf::Engine => None,
            DockerOf::Images => Some("images").filter(|_| self.get("images").is_none()),
            _ => Some("project").filter(|_| self.get("project").is_none()),
        };
        if let Some(key) = lacks {
            let fault = Fault::error(self.node.at, format!("this look at docker needs `{key}`"));
            self.reader
                .faults
                .push(fault.hint("a Compose project's name is its folder's, unless `name:` or -p says otherwise"));
        }
        docker
    }

    fn api_kind(&mut self, key: &str) -> Option<ProbeKind> {
        Some(match key {
            "http" => ProbeKind::Http(self.request()),
            "openapi" => ProbeKind::Openapi(Openapi { file: self.hidden("file"), http: self.request() }),
            "tls" => ProbeKind::Tls(Tls {
                address: self.hidden("address"),
                files: self.hidden("files"),
                ca: self.hidden("ca"),
                key: self.hidden("key"),
                server_name: self.hidden("server_name"),
            }),
            "tcp" => ProbeKind::Tcp(Tcp { address: self.needed("address") }),
            "port" => ProbeKind::Port(Port { ports: self.texts("ports", Want::Hidden), owner: self.hidden("owner") }),
            "file" => ProbeKind::File(FileProbe { path: self.needed("path") }),
            "config" => ProbeKind::Config(ConfigProbe {
                file: self.hidden("file"),
                text: self.hidden("text"),
                format: self
                    .word(
                        "as",
                        &[
                            ("yaml", ConfigFormat::Yaml),
                            ("json", ConfigFormat::Json),
                            ("env", ConfigFormat::Env),
                            ("dsn", ConfigFormat::Dsn),
                        ],
                    )
                    .unwrap_or_default(),
            }),
            "postgres" => ProbeKind::Postgres(Postgres {
                url: self.hidden("url"),
                address: self.hidden("address"),
                user: self.hidden("user"),
                password: self.hidden("password"),
                query: self.hidden("query"),
                via: self.via(),
            }),
            "prometheus" => ProbeKind::Prometheus(Prometheus {
                url: self.needed("url"),
                query: self.needed("query"),
                ca: self.hidden("ca"),
                basic_auth: self.hidden("basic_auth"),
                bearer: self.hidden("bearer"),
                range: self.seconds("range"),
                step: self.seconds("step"),
            }),
            "report" => ProbeKind::Report(Report {
                path: self.needed("path"),
                format: self
                    .word(
                        "as",
                        &[
                            ("sarif", ReportFormat::Sarif),
                            ("gosec", ReportFormat::Gosec),
                            ("zap", ReportFormat::Zap),
                            ("govulncheck", ReportFormat::Govulncheck),
                            ("go_test", ReportFormat::GoTest),
                            ("coverage", ReportFormat::Coverage),
                        ],
                    )
                    .unwrap_or_default(),
                newer_than: self.hidden("newer_than"),
            }),
            "git" => ProbeKind::Git(Git { folder: self.hidden("folder") }),
            "docker" => ProbeKind::Docker(self.docker()),
            "kubernetes" => ProbeKind::Kubernetes(self.kubernetes()),
            "oauth" => ProbeKind::Oauth(Box::new(self.oauth())),
            "logs" => ProbeKind::Logs(Box::new(self.logs())),
            "loki" => ProbeKind::Loki(self.loki()),
            "tempo" => ProbeKind::Tempo(self.tempo()),
            "grafana" => ProbeKind::Grafana(self.grafana()),
            "kms" => ProbeKind::Kms(Box::new(self.kms())),
            _ => return None,
        })
    }

    /// A command: a text that is split into words, or a list of arguments.
    pub fn command(&mut self, key: &'static str) -> Option<CommandText> {
        let node = self.get(key)?;
        if node.items().is_some() {
            let words = list(node).iter().filter_map(|item| self.text_at(key, item, Want::Shown)).collect();
            return Some(CommandText { words });
        }
        let text = node.text()?;
        match split(text) {
            Ok(words) => {
                // One use for the whole text, so that places in it are found again.
                self.text_at(key, node, Want::Shown)?;
                Some(CommandText { words })
            }
            Err(fault) => {
                self.reader.inner_fault(node.at, text, fault);
                None
            }
        }
    }

    /// A script's text and the file that it was read from, if it was one.
    pub fn script(&mut self, key: &'static str) -> Option<(String, Option<String>)> {
        let node = self.get(key)?;
        let text = node.text()?;
        let line = text.trim();
        let is_path = (line.starts_with("./") || line.starts_with("../")) && !line.contains(char::is_whitespace);
        let (script, file) = if is_path {
            (self.reader.script_file(node, line)?, Some(line.to_owned()))
        } else {
            (text.to_owned(), None)
        };
        if file.is_none()
            && let Some(i) = text.find("${{")
        {
            let at = self.reader.sources.inside(node.at, text, i);
            let name = text[i + 3..].split("}}").next().unwrap_or("x").trim();
            let variable = name.replace(['.', '-'], "_").replace(|c: char| !c.is_ascii_alphanumeric() && c != '_', "");
            let fault = Fault::error(at, "nothing is filled in in a script: values come from its environment").width(3);
            self.reader.faults.push(fault.hint(format!("write `\"${variable}\"`")));
        }
        Some((script, file))
    }
}

impl Reader<'_> {
    fn script_file(&mut self, node: &Node, path: &str) -> Option<String> {
        let base = self.sources.file(node.at).map(|f| f.name.clone()).unwrap_or_default();
        match self.sources.bring(self.files, &base, path) {
            Ok(index) => {
                let file = self.sources.files.get(usize::from(index))?;
                match file.text() {
                    Ok(text) => Some(text.to_owned()),
                    Err(_) => {
                        self.faults.push(Fault::error(node.at, format!("`{path}` is not UTF-8")).width(path.len()));
                        None
                    }
                }
            }
            Err(why) => {
                let fault = Fault::error(node.at, format!("cannot read the script `{path}`: {why}")).width(path.len());
                self.faults.push(
                    fault.hint("it stands beside the runbook's file; a program of the root is started with `run:`"),
                );
                None
            }
        }
    }
}
